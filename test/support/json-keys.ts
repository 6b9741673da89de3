// Which keys random JSON may have where it is read by Node.

/** Once Node has seen a key with a backslash, it may read others as it: docs/reports/v8-json-keys.md. */
export function isReadable(key: string): boolean {
  return !key.includes("\\");
}

/** Reports whether all keys in a value are readable. */
export function hasReadableKeys(json: unknown): boolean {
  if (typeof json !== "object" || json === null) return true;
  return Object.entries(json).every(([key, value]) => isReadable(key) && hasReadableKeys(value));
}

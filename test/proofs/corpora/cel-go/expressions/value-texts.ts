// Values as text, in forms in which two may be alike although they are not the same.

/** With what lists and maps hold in order. */
export function asMultiset(value: string): string {
  return (value.match(/[^[\](){}, ]+/g) ?? []).sort().join(" ");
}

/** With numbers within texts in one form. */
export function numberTexts(value: string): string {
  return value.replaceAll(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, (number) => String(Number(number)));
}

/** Reports whether a type is another one with dyns in it. */
export function isWithDyn(type: string, other: string): boolean {
  const escaped = type.replaceAll(/[.()]/g, "\\$&").replaceAll(/\bdyn\b/g, ".+");
  return /\bdyn\b/.test(type) && new RegExp(`^${escaped}$`).test(other);
}

/** A few names for a hint. */
export function nameList(names: readonly string[], prefix = ""): string {
  const shown = names.slice(0, 8).map((name) => prefix + name);
  return shown.join(", ") + (names.length > shown.length ? ", …" : "");
}

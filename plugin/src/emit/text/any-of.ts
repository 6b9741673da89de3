/** `fields.has("usage") || fields.has("total")` */
export const anyOf = (names: readonly string[], fields: string): string =>
  names.length === 0 ? "false" : names.map((name) => `${fields}.has(${JSON.stringify(name)})`).join(" || ");

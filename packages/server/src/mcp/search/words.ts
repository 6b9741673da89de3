// Words of names, texts and queries, as the search compares them.

/** Returns the words of a text in lower case, without the `s` of a plural: `findOrdersByID` → find, order, by, id. */
export const wordsOf = (text: string): string[] =>
  (text.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{Lt}\p{M}]+|\p{N}+/gu) ?? []).map((word) =>
    word.toLowerCase().replace(/(?<=[^s]{2})s$/, ""),
  );

/** Returns the names of arguments in a JSON Schema, at any depth. */
export function argumentNames(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === "properties" && typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([name, inner]) => [name, ...argumentNames(inner)])
      : argumentNames(value),
  );
}

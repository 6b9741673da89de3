/** Words that CEL keeps for itself (spec, "Syntax"): not names of variables. */
export const RESERVED: ReadonlySet<string> = new Set(
  "false in null true as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

/** Reserved words that are not even names of fields. */
export const KEYWORDS: ReadonlySet<string> = new Set(["false", "in", "null", "true"]);

/** A field as it is written after a dot. */
export const fieldName = (name: string): string => (KEYWORDS.has(name) ? `\`${name}\`` : name);

/** Words that are values. */
export const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** Operators by level, with their names in the CEL spec. */
export const RELATIONS: ReadonlyMap<string, string> = new Map([
  ...["<", "<=", ">", ">=", "==", "!="].map((sign) => [sign, `_${sign}_`] as const),
  ["in", "@in"],
]);
export const SUMS: ReadonlyMap<string, string> = new Map(["+", "-"].map((sign) => [sign, `_${sign}_`]));
export const PRODUCTS: ReadonlyMap<string, string> = new Map(["*", "/", "%"].map((sign) => [sign, `_${sign}_`]));

/** How CEL writes what other languages call by these names. */
export const FOREIGN_FUNCTIONS: Readonly<Record<string, string>> = {
  toString: "Write string(x).",
  String: "Write string(x).",
  str: "Write string(x).",
  parseInt: "Write int(x).",
  parseFloat: "Write double(x).",
  Number: "Write int(x) or double(x).",
  float: "Write double(x).",
  toISOString: "Write string(x).",
  toLowerCase: "Write x.lowerAscii().",
  lower: "Write x.lowerAscii().",
  toUpperCase: "Write x.upperAscii().",
  upper: "Write x.upperAscii().",
  includes: "Write x.contains('…') for a text, and item in x for a list.",
  slice: "Write x.substring(0, 3) for a text, and x.slice(0, 3) for a list.",
  length: "Write size(x).",
  len: "Write size(x).",
  count: "Write size(x).",
  some: "Write x.exists(item, …).",
  any: "Write x.exists(item, …).",
  every: "Write x.all(item, …).",
  find: "Write x.filter(item, …), and read the first one with [0].",
  concat: "Write a + b.",
  isEmpty: "Write size(x) == 0.",
  coalesce: "Write ok(step) ? step.x : other.",
};

/** The same for what stands where CEL has a sign. */
export const FOREIGN_WORDS: ReadonlyMap<string, string> = new Map([
  ["and", "Write `&&`."],
  ["or", "Write `||`."],
  ["not", "Write `!`."],
  ["is", "Write `==`."],
]);

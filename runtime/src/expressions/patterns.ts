// Functions of expressions with regular expressions, apart because RE2 is a tenth of what a small BFF would load.
export { matches, type Pattern, pattern } from "./text/pattern.ts";
export { extract, extractAll, replacePattern } from "./text/regex.ts";

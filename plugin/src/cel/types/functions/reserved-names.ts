import { MACROS } from "../../syntax/macros.ts";
import { RESERVED } from "../../syntax/words.ts";
import { reservedFunctionNames } from "./signatures.ts";

/** The names that expressions have for themselves besides those of functions. */
const SCOPE = [
  "args",
  "headers",
  "env",
  "now",
  "error",
  "principal",
  "cel",
  "math",
  "sets",
  "lists",
  "strings",
  "optional",
  "base64",
];

/** Macros that came after the list was closed. */
const FREE: ReadonlySet<string> = new Set(["reduce", "sortDesc"]);

const names: ReadonlySet<string> = new Set([
  ...RESERVED,
  ...MACROS.difference(FREE),
  ...SCOPE,
  ...reservedFunctionNames(),
  "has",
  "ok",
]);

/**
 * Returns true if a step, a variable or an argument may not have this name (language.md, "Expressions").
 *
 * @example
 * isReservedName("args"); // true
 */
export function isReservedName(name: string): boolean {
  return names.has(name);
}

/** Returns true if a call by this name is a macro for any target, so that its operands are no values. */
export function isMacroName(name: string): boolean {
  return MACROS.has(name);
}

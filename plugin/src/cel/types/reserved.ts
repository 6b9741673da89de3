import { MACROS } from "../syntax/macros.ts";
import { RESERVED } from "../syntax/words.ts";
import { functionNames } from "./signatures.ts";

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

const names: ReadonlySet<string> = new Set([...RESERVED, ...MACROS, ...SCOPE, ...functionNames(), "has", "ok"]);

/** Whether a step, a variable or an argument may not have this name (language.md, "Expressions"). */
export function isReservedName(name: string): boolean {
  return names.has(name);
}

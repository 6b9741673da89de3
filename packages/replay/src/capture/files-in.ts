import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Returns the captures of a folder, in the order of their names, or the path itself. */
export function filesIn(path: string): readonly string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const names = readdirSync(path).filter((name) => /\.(capture|jsonl)$/.test(name));
  // Without any, the error names what was looked for.
  return (names.length === 0 ? ["*.capture"] : names.sort()).map((name) => join(path, name));
}

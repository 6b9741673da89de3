import { existsSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";

/** Returns true if a path, also behind links, is in a folder or below it. */
export function isInside(root: string, path: string): boolean {
  let there = resolve(root, path);
  while (!existsSync(there)) there = dirname(there);
  const way = relative(realpathSync(root), realpathSync(there));
  const written = relative(root, resolve(root, path));
  return [way, written].every((to) => !/^\.\.(?:[\\/]|$)/.test(to) && !isAbsolute(to));
}

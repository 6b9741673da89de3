// The folder that an origin is copied to.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** Returns the protos of a folder as texts by name. */
export function protosIn(folder: string): ReadonlyMap<string, string> {
  if (!existsSync(folder)) return new Map();
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".proto"));
  return new Map(paths.sort().map((path) => [path.split(sep).join("/"), readFileSync(join(folder, path), "utf8")]));
}

/** Replaces the protos of a folder in one step: a failure leaves the old ones. Other files stay. */
export function replaceProtos(folder: string, texts: ReadonlyMap<string, string>): void {
  const [next, old] = [`${folder}.next-${process.pid}`, `${folder}.old-${process.pid}`];
  try {
    mkdirSync(next, { recursive: true });
    if (existsSync(folder)) {
      const isKept = (path: string): boolean => !path.endsWith(".proto") || relative(folder, path) === "";
      cpSync(folder, next, { recursive: true, filter: isKept });
    }
    for (const [name, text] of texts) {
      mkdirSync(dirname(join(next, name)), { recursive: true });
      writeFileSync(join(next, name), text);
    }
    removeEmpty(next);
    if (existsSync(folder)) renameSync(folder, old);
    renameSync(next, folder);
  } catch (error) {
    if (!existsSync(folder) && existsSync(old)) renameSync(old, folder);
    throw error;
  } finally {
    rmSync(next, { recursive: true, force: true });
    if (existsSync(folder)) rmSync(old, { recursive: true, force: true });
  }
}

/** Removes folders without files. */
function removeEmpty(folder: string): boolean {
  const entries = readdirSync(folder, { withFileTypes: true });
  const left = entries.filter((entry) => !entry.isDirectory() || !removeEmpty(join(folder, entry.name)));
  if (left.length === 0) rmSync(folder, { recursive: true, force: true });
  return left.length === 0;
}

// Files of the repository, for tests that read all sources.
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Folders that hold no sources; other tests write and remove folders in them meanwhile. */
const MADE = ["node_modules", ".generated", "dist"];
export const isSource = (path: string): boolean => !MADE.includes(basename(path));

/** Returns paths from the root. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return isSource(path) ? filesBelow(path) : [];
  });
}

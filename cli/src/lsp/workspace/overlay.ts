// A copy of a project with the unsaved texts of the editor, for buf: links to everything but the changed files.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Calls `use` with a folder that has the project's files, the changed ones with their new texts. The folder is removed
 * afterwards. Without changes the folder is the project itself.
 *
 * @param changed texts by path from `root`
 */
export async function withOverlay<T>(
  root: string,
  changed: ReadonlyMap<string, string>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  if (changed.size === 0) return use(root);
  const folder = mkdtempSync(join(tmpdir(), "protobff-lsp-"));
  try {
    fill(folder, root, changed);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fill(folder: string, root: string, changed: ReadonlyMap<string, string>): void {
  const real = new Set(["."]);
  for (const path of changed.keys()) for (let at = dirname(path); at !== "."; at = dirname(at)) real.add(at);
  for (const inner of [...real].sort()) {
    mkdirSync(join(folder, inner), { recursive: true });
    for (const { name } of readdirSync(join(root, inner), { withFileTypes: true })) {
      const path = inner === "." ? name : join(inner, name);
      if (!real.has(path) && !changed.has(path)) symlinkSync(join(root, path), join(folder, path));
    }
  }
  for (const [path, text] of changed) writeFileSync(join(folder, path), text);
}

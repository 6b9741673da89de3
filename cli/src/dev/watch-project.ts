// Watches a project's protos, buf configuration, faults.json and sources, in its folder and in inputs outside of the
// folder.
import { statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, relative, resolve, sep } from "node:path";
import { watch } from "chokidar";
import { EXAMPLES } from "protoc-gen-bff/compiler";
import { Refusal } from "../terminal.ts";

const INPUTS = new Set(["buf.yaml", "buf.gen.yaml", "buf.work.yaml", "buf.lock", "buf.md", EXAMPLES]);

/** Returns true for a file that is an input of the build. */
export function isInput(path: string): boolean {
  return path.endsWith(".proto") || INPUTS.has(basename(path));
}

/** Returns true for a file that a server may have loaded. */
export function isSource(path: string): boolean {
  return /\.([cm]?[jt]s|json|wasm|node)$/.test(path);
}

/** Returns true for an empty proto, as it exists between an editor's truncating and writing. */
export function isEmptied(path: string): boolean {
  return path.endsWith(".proto") && statSync(path, { throwIfNoEntry: false })?.size === 0;
}

export interface Watching {
  /** Watches more folders; a folder that is watched already costs nothing. */
  add(folders: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Resolves when it watches. All ways of saving in editors (writing, truncating before, renaming over) result in a
 * changed path. Throws a `Refusal` if the system has no more room for watching.
 *
 * @param changed receives an absolute path that was written, made or removed
 * @param failed receives the message of a later fault of watching
 */
export async function watchProject(
  cwd: string,
  changed: (path: string) => void,
  failed: (message: string) => void,
): Promise<Watching> {
  // No delay for what may be an atomic save: a path that is away for a moment is built again a moment later.
  const watcher = watch(cwd, {
    ignoreInitial: true,
    atomic: false,
    ignored: (path, stats) => isLeftOut(cwd, path, stats),
  });
  await new Promise<void>((ready, reject) => {
    watcher.once("ready", ready);
    watcher.once("error", (error) => reject(new Refusal(explained(error))));
  });
  watcher.on("error", (error) => failed(explained(error)));
  watcher.on("all", (event, path) => {
    // Files in a folder cause separate events.
    if (event !== "addDir" && event !== "unlinkDir") changed(resolve(path));
  });
  return {
    add: async (folders) => {
      for (const folder of folders) {
        const path = resolve(cwd, folder);
        const isThere = await stat(path).then(
          (found) => found.isDirectory(),
          () => false,
        );
        if (isThere && relative(cwd, path).startsWith("..")) watcher.add(path);
      }
    },
    close: () => watcher.close(),
  };
}

function isLeftOut(cwd: string, path: string, stats: { isFile(): boolean } | undefined): boolean {
  const inside = relative(cwd, path);
  if (inside === "") return false;
  const names = inside.split(sep).filter((name) => name !== "..");
  if (names.some((name) => name === "node_modules" || (name.startsWith(".") && name !== "."))) return true;
  return stats?.isFile() === true && !isInput(path) && !isSource(path);
}

function explained(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC")
    return "the system's limit of watched files is reached: raise fs.inotify.max_user_watches (sysctl), or run dev in a folder with fewer files";
  if (code === "EMFILE") return "the system's limit of open files is reached for this user: raise `ulimit -n`";
  return `the folder cannot be watched: ${message}`;
}

import { readdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Sources } from "../diagnostic/sources.ts";
import { moduleRoots } from "../read/source/module-roots.ts";

/** Maximum number of folders in which a project without buf is searched, and their depth. */
const MAX_FOLDERS = 100;
const DEPTH = 3;

/**
 * Looks for .proto files in the modules of the buf workspace that the plugin was started in; each file is read once.
 * Without a workspace it looks in the folders below, because plugins of protoc do not receive its `-I`.
 *
 * @example
 * const text = sourcesIn(process.cwd())("shop/v1/shop.proto");
 */
export function sourcesIn(directory: string): Sources {
  const [yaml, work] = ["buf.yaml", "buf.work.yaml"].map((name) => tryRead(join(directory, name)));
  const modules = moduleRoots(yaml, work);
  let folders: readonly string[] | undefined;
  function* roots(): Generator<string> {
    yield* modules;
    if (yaml !== undefined || work !== undefined) return;
    folders ??= foldersBelow(directory);
    yield* folders;
  }
  const found = new Map<string, { readonly path: string; readonly text: string | undefined }>();
  const find = (name: string) => {
    const cached = found.get(name);
    if (cached !== undefined) return cached;
    let file: { path: string; text: string | undefined } = { path: name, text: undefined };
    for (const root of roots()) {
      const path = join(directory, root, name);
      const text = tryRead(path);
      if (text === undefined) continue;
      file = { path, text };
      break;
    }
    found.set(name, file);
    return file;
  };
  return Object.assign((name: string) => find(name).text, {
    path: (name: string) => find(name).path.replaceAll("\\", "/"),
  });
}

/** Returns the folders below a directory, level by level. */
function foldersBelow(directory: string): readonly string[] {
  const found: string[] = [];
  let level = [""];
  for (let depth = 0; depth < DEPTH && found.length < MAX_FOLDERS; depth++) {
    level = level.flatMap((parent) => foldersIn(join(directory, parent)).map((name) => join(parent, name)));
    found.push(...level);
  }
  return found.slice(0, MAX_FOLDERS);
}
function foldersIn(path: string): readonly string[] {
  try {
    const all = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const names = all.map(({ name }) => name).filter((name) => name !== "node_modules" && !name.startsWith("."));
    return names.sort();
  } catch {
    return [];
  }
}

/**
 * Returns the text of a UTF-8 file, or undefined if the file cannot be read.
 *
 * @example
 * const lock = tryRead("bff.lock.json");
 */
export function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Returns the directory from the lock's directory, or "." if the lock is in the directory or below it. `lock` is
 * relative to the directory.
 *
 * @example
 * projectOf("../bff.lock.json", "/repo/shop"); // "shop"
 */
export function projectOf(lock: string, directory: string): string {
  const path = resolve(directory, lock);
  const below = relative(resolve(directory), path);
  if (!isAbsolute(below) && below.split(/[\\/]/)[0] !== "..") return ".";
  return relative(dirname(path), resolve(directory)).replaceAll("\\", "/");
}

// Locks and plans below folders.
import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Refusal } from "../terminal.ts";
import type { Problem } from "./problem.ts";

/** A lock or a plan. */
export interface FoundFile {
  readonly kind: "lock" | "plan";
  /** As in the command line, or below a folder of it; with `/`. */
  readonly path: string;
  /** Without symbolic links. */
  readonly fullPath: string;
  readonly bytes: number;
}
interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

const LOCK = "bff.lock.json";
const SKIPPED = new Set(["node_modules", ".git"]);
const MAX_ENTRIES = 500_000;
const MAX_FILES = 10_000;
const MAX_DEPTH = 40;
const MAX_SHOWN = 3;

/** Size limits, in bytes (64 MiB and 1 GiB). */
const MAX_FILE_BYTES = 64 << 20;
const MAX_BYTES = 1 << 30;

/**
 * Finds locks and plans. Folders named node_modules and .git are skipped, and symbolic links below folders are not
 * followed. Throws a `Refusal` if there is more than the limits allow.
 *
 * @param paths folders, locks, and plans
 */
export function findFiles(paths: readonly string[], cwd: string): FoundFiles {
  const search = new Search();
  for (const path of paths) search.start(path.replace(/(?<=[^/])\/+$/, ""), cwd);
  return search;
}

function kindOf(name: string): FoundFile["kind"] | undefined {
  if (name === LOCK) return "lock";
  return name === "plan.json" || name.endsWith("_plan.json") ? "plan" : undefined;
}

class Search {
  readonly files: FoundFile[] = [];
  readonly problems: Problem[] = [];
  readonly notes: string[] = [];
  readonly #known = new Set<string>();
  #entries = 0;
  #bytes = 0;

  start(path: string, cwd: string): void {
    const stats = statSync(resolve(cwd, path), { throwIfNoEntry: false });
    const before = this.#known.size + this.problems.length;
    if (stats === undefined) this.problems.push({ file: path, message: "there is no such file or folder" });
    else if (stats.isDirectory()) {
      this.#folder(path, resolve(cwd, path));
      if (this.#known.size + this.problems.length === before && !this.#hasFilesBelow(resolve(cwd, path)))
        this.problems.push({
          file: path,
          message: `it has no ${LOCK} and no plan: name folders of BFFs in which \`buf generate\` has run`,
        });
    } else this.#add(kindOf(basename(path)) ?? "lock", path, resolve(cwd, path));
  }

  /** True if files of an earlier argument are below this folder. */
  #hasFilesBelow(folder: string): boolean {
    const full = `${realpathSync(folder)}/`;
    return [...this.#known].some((path) => path.startsWith(full));
  }

  #folder(start: string, startFull: string): void {
    const links: string[] = [];
    const open = [{ path: start, full: startFull, depth: 0 }];
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      const { path, full, depth } = folder;
      if (depth > MAX_DEPTH) {
        this.problems.push({
          file: path,
          message: `it is more than ${MAX_DEPTH} folders deep: name it in the command`,
        });
        continue;
      }
      const below: typeof open = [];
      for (const entry of this.#read(path, full)) {
        const child = { path: path === "." ? entry.name : `${path}/${entry.name}`, full: join(full, entry.name) };
        const kind = kindOf(entry.name);
        if (entry.isSymbolicLink()) {
          const target = statSync(child.full, { throwIfNoEntry: false });
          if (kind !== undefined || (target?.isDirectory() && !SKIPPED.has(entry.name))) links.push(child.path);
        } else if (entry.isDirectory()) {
          if (!SKIPPED.has(entry.name)) below.push({ ...child, depth: depth + 1 });
        } else if (kind !== undefined && entry.isFile()) this.#add(kind, child.path, child.full);
      }
      open.push(...below.reverse());
    }
    if (links.length > 0) this.notes.push(linksText(links));
  }

  #read(path: string, full: string): readonly Dirent[] {
    let entries: Dirent[];
    try {
      entries = readdirSync(full, { withFileTypes: true });
    } catch (error) {
      this.problems.push({
        file: path,
        message: `it cannot be read: ${error instanceof Error ? error.message : error}`,
      });
      return [];
    }
    this.#entries += entries.length;
    if (this.#entries > MAX_ENTRIES)
      throw new Refusal(`${path}: there are more than ${MAX_ENTRIES} files and folders: name the folders of BFFs`, 2);
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #add(kind: FoundFile["kind"], path: string, full: string): void {
    const fullPath = realpathSync(full);
    if (this.#known.has(fullPath)) return;
    this.#known.add(fullPath);
    const { size: bytes } = statSync(fullPath);
    if (bytes > MAX_FILE_BYTES) {
      this.problems.push({ file: path, message: `it has ${bytes} bytes, and a ${kind} at most ${MAX_FILE_BYTES}` });
      return;
    }
    this.#bytes += bytes;
    if (this.#known.size > MAX_FILES || this.#bytes > MAX_BYTES)
      throw new Refusal(
        `${path}: a fleet has at most ${MAX_FILES} locks and plans, and ${MAX_BYTES} bytes: name fewer folders`,
        2,
      );
    this.files.push({ kind, path, fullPath, bytes });
  }
}

function linksText(links: readonly string[]): string {
  const more = links.length - MAX_SHOWN;
  const shown = [...links.slice(0, MAX_SHOWN), ...(more > 0 ? [`${more} more`] : [])].join(", ");
  return `symbolic links are not followed: ${shown}`;
}

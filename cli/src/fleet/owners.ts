// Owners of BFFs, from CODEOWNERS beside a lock or above it.
import { lstatSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { type Codeowners, ownersOf, parseCodeowners } from "./codeowners.ts";

/** Owners, and the place that names them. */
export interface Owners {
  readonly owners: readonly string[];
  /** A line of CODEOWNERS, or `--owner`; null: nothing names owners. */
  readonly from: string | null;
}
const UNOWNED: Owners = { owners: [], from: null };

/** Places of the file, in the order in which GitHub looks. */
const PLACES = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/** GitHub ignores larger files (3 MB). */
const MAX_BYTES = 3_000_000;

interface Found extends Codeowners {
  /** Folder that its patterns start from. */
  readonly root: string;
  readonly place: string;
}

/** Reads each CODEOWNERS once. */
export class OwnerFiles {
  readonly notes: string[] = [];
  readonly #found = new Map<string, Found | undefined>();

  /** @param fullPath of a lock; symbolic links are resolved */
  ownersOf(fullPath: string): Owners {
    const file = this.#above(dirname(fullPath));
    const rule = file && ownersOf(file.rules, relative(file.root, fullPath).split(sep).join("/"));
    return file && rule ? { owners: rule.owners, from: `${file.place}:${rule.line}` } : UNOWNED;
  }

  /** Stops at the root of a repository. */
  #above(folder: string): Found | undefined {
    if (this.#found.has(folder)) return this.#found.get(folder);
    const parent = dirname(folder);
    const isTop = parent === folder || lstatSync(join(folder, ".git"), { throwIfNoEntry: false }) !== undefined;
    const found = this.#in(folder) ?? (isTop ? undefined : this.#above(parent));
    this.#found.set(folder, found);
    return found;
  }

  #in(root: string): Found | undefined {
    for (const place of PLACES) {
      const full = join(root, place);
      const stats = lstatSync(full, { throwIfNoEntry: false });
      if (stats === undefined || stats.isDirectory()) continue;
      const problem = stats.isFile() ? undefined : "it is a symbolic link";
      const fault = stats.size > MAX_BYTES ? `it has more than ${MAX_BYTES} bytes` : problem;
      if (fault !== undefined) {
        this.notes.push(`${place} is not read: ${fault}`);
        continue;
      }
      const read = parseCodeowners(readFileSync(full, "utf8"));
      this.notes.push(...read.faults.map(({ line, message }) => `${place}:${line} is skipped: ${message}`));
      return { ...read, root, place };
    }
    return undefined;
  }
}

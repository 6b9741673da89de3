// CODEOWNERS, by the rules of GitHub: the last pattern that matches a path decides.
import { lstatSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** One line: a pattern and its owners. */
interface OwnerRule {
  readonly line: number;
  readonly pattern: Wildcards<string>;
  /** Empty: files that match have no owner. */
  readonly owners: readonly string[];
}
interface Codeowners {
  readonly rules: readonly OwnerRule[];
  /** Lines that GitHub skips, too. */
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

const OWNER = /^(@[\w-]+(\/[\w.-]+)?|[^@\s]+@[^@\s]+\.[^@\s]+)$/;

/**
 * Reads a CODEOWNERS file.
 *
 * @example
 * ownersOf(parseCodeowners("apps/ @octo/web").rules, "apps/shop/bff.lock.json")?.owners; // ["@octo/web"]
 */
export function parseCodeowners(text: string): Codeowners {
  const rules: OwnerRule[] = [];
  const faults: { line: number; message: string }[] = [];
  for (const [i, row] of text.split(/\r?\n/).entries()) {
    // A blank after a backslash belongs to the pattern.
    const words = [...row.matchAll(/(?:\\.|\S)+/g)].map(([word]) => word);
    const end = words.findIndex((word) => word.startsWith("#"));
    const [pattern, ...owners] = end < 0 ? words : words.slice(0, end);
    if (pattern === undefined) continue;
    const bad = owners.find((owner) => !OWNER.test(owner));
    const message = faultOf(pattern) ?? (bad === undefined ? undefined : `"${bad}" is no @user, @org/team or address`);
    if (message === undefined) rules.push({ line: i + 1, pattern: segmentsOf(pattern), owners });
    else faults.push({ line: i + 1, message });
  }
  return { rules, faults };
}

/** Returns the rule that decides about a path; undefined: no pattern matches. `path` starts at the repository's root. */
export function ownersOf(rules: readonly OwnerRule[], path: string): OwnerRule | undefined {
  const segments = path.split("/");
  return rules.findLast(({ pattern }) => matchesAll(pattern, segments));
}

function faultOf(pattern: string): string | undefined {
  if (pattern.startsWith("!")) return `"${pattern}" negates a pattern, which CODEOWNERS cannot`;
  if (/^\^?\[/.test(pattern)) return `"${pattern}" begins a section, which GitHub's CODEOWNERS lacks`;
  if (pattern.startsWith("\\#")) return `"${pattern}" escapes "#", which CODEOWNERS cannot`;
  if (pattern.includes("***")) return `"${pattern}" has three stars in a row`;
  return undefined;
}

/** A pattern without a slash before its end matches at any depth. A matched folder covers all that is in it. */
function segmentsOf(pattern: string): Wildcards<string> {
  const isFolder = pattern.endsWith("/");
  const parts = pattern.replace(/^\/|\/$/g, "").split("/");
  if (parts.join("") === "") return [() => false];
  const isAnchored = pattern.startsWith("/") || parts.length > 1;
  const all = isAnchored ? parts : ["**", ...parts];
  const last = all.at(-1);
  // `docs/*` covers the files in docs, and none of its folders.
  const isShallow = isAnchored && last === "*" && !isFolder;
  const globs = all.map((part) => (part === "**" ? "any" : globOf(part)));
  if (isShallow) return globs;
  const anything = (): boolean => true;
  return isFolder || (last === "**" && all.length > 1) ? [...globs, anything, "any"] : [...globs, "any"];
}

function globOf(part: string): (segment: string) => boolean {
  const pattern: Wildcards<string> = [...part.matchAll(/\\?(.)/gsu)].map(([text, character]) => {
    if (text === "*") return "any";
    return text === "?" ? () => true : (item: string) => item === character;
  });
  return (segment) => matchesAll(pattern, [...segment]);
}

// Patterns with wildcards, over characters or over the segments of a path.

/** A pattern: `any` matches any number of items, a predicate one item. */
type Wildcards<T> = readonly ("any" | ((item: T) => boolean))[];

/** Returns true if a pattern matches all items. The time is at most the product of both lengths. */
function matchesAll<T>(pattern: Wildcards<T>, items: readonly T[]): boolean {
  let [p, i] = [0, 0];
  let retry: { readonly p: number; i: number } | undefined;
  while (i < items.length) {
    const part = pattern[p];
    if (part === "any") {
      p += 1;
      retry = { p, i };
    } else if (part?.(items[i] as T)) {
      p += 1;
      i += 1;
    } else if (retry !== undefined) {
      // The last `any` takes one more item.
      retry.i += 1;
      p = retry.p;
      i = retry.i;
    } else return false;
  }
  return pattern.slice(p).every((part) => part === "any");
}

// Owners of BFFs, from CODEOWNERS beside a lock or above it.

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

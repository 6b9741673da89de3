// CODEOWNERS, by the rules of GitHub: the last pattern that matches a path decides.
import { matchesAll, type Wildcards } from "./wildcards.ts";

/** One line: a pattern and its owners. */
interface OwnerRule {
  readonly line: number;
  readonly pattern: Wildcards<string>;
  /** Empty: files that match have no owner. */
  readonly owners: readonly string[];
}
export interface Codeowners {
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

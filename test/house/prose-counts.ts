// Counts the patterns of prose.ts in the pages and in the comments of each package.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commentsOf, findingsInComment, findingsInPage } from "./prose.ts";
import { sources } from "./shapes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Written by commands, from sources that are counted themselves. */
const GENERATED = [
  "commands.md",
  "diagnostics.md",
  "errors.md",
  "metrics.md",
  "options.md",
  "performance.md",
  "variables.md",
];

export interface ProseCounts {
  /** Findings by page; the pages of a folder below docs/ count together. */
  readonly pages: Readonly<Record<string, number>>;
  readonly comments: Readonly<Record<string, { readonly comments: number; readonly findings: number }>>;
}

/** Paths of the pages that are written by hand. */
export function pages(): string[] {
  const inDocs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !GENERATED.includes(name))
    .map((name) => `docs/${name}`);
  return ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ...inDocs.sort()];
}

/** A page, or its folder below docs/. */
export const pageGroup = (page: string): string => page.split("/").slice(0, 2).join("/");

/** The folders with sources of which each is counted alone. */
export function packagesOf(): string[] {
  const inPackages = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  return ["bench", "cli", "client", "examples", "plugin", "runtime", "scripts", "test", ...inPackages.sort()].filter(
    (path) => existsSync(join(root, path)),
  );
}

/** The number of a source's comments, and for each comment with a pattern the first sentence that has one. */
export function commentFindings(text: string): { readonly comments: number; readonly findings: readonly string[] } {
  const comments = commentsOf(text);
  return {
    comments: comments.length,
    findings: comments.flatMap((comment) => findingsInComment(comment)[0]?.text ?? []),
  };
}

/** The counts of today. A comment counts once. */
export function measured(): ProseCounts {
  const inPages: Record<string, number> = {};
  for (const page of pages()) {
    const { length } = findingsInPage(readFileSync(join(root, page), "utf8"));
    inPages[pageGroup(page)] = (inPages[pageGroup(page)] ?? 0) + length;
  }
  const comments = packagesOf().flatMap((folder) => {
    const counts = sources(folder).map(({ text }) => commentFindings(text));
    const total = counts.reduce((sum, count) => sum + count.comments, 0);
    const findings = counts.reduce((sum, count) => sum + count.findings.length, 0);
    return total === 0 ? [] : [[folder, { comments: total, findings }] as const];
  });
  return { pages: inPages, comments: Object.fromEntries(comments) };
}

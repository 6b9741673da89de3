// npm run prose: writes test/house/prose-counts.json, whose totals may only fall; `-- <page or package>` lists the
// findings there instead.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findingsInPage } from "../test/house/prose.ts";
import {
  commentFindings,
  measured,
  type ProseCounts,
  packagesOf,
  pageGroup,
  pages,
} from "../test/house/prose-counts.ts";
import { sources } from "../test/house/shapes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const FILE = join(root, "test/house/prose-counts.json");

function list(name: string): void {
  for (const page of pages().filter((page) => page === name || pageGroup(page) === name)) {
    const findings = findingsInPage(readFileSync(join(root, page), "utf8"));
    for (const { pattern, text } of findings) console.log(`${page}: ${pattern}: ${text}`);
  }
  if (!packagesOf().includes(name)) return;
  for (const { path, text } of sources(name))
    for (const finding of commentFindings(text).findings) console.log(`${path}: ${finding}`);
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const totals = ({ pages, comments }: ProseCounts) => ({
  pages: sum(Object.values(pages)),
  comments: sum(Object.values(comments).map(({ findings }) => findings)),
});

/** Figures may move between pages or packages, as files do; a total may not rise. */
function write(): void {
  const now = measured();
  const before = totals(JSON.parse(readFileSync(FILE, "utf8")) as ProseCounts);
  for (const kind of ["pages", "comments"] as const) {
    const total = totals(now)[kind];
    console.log(`${kind}: ${total} findings, ${before[kind]} before`);
    if (total > before[kind]) process.exitCode = 1;
  }
  if (process.exitCode === 1) console.error("nothing is written, because a total has risen");
  else writeFileSync(FILE, `${JSON.stringify(now, undefined, 2)}\n`);
}

const [name] = process.argv.slice(2);
if (name === undefined) write();
else list(name);

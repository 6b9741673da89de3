// The pages of docs/, as sections, rows of tables and plain text.
import { existsSync, readFileSync } from "node:fs";

/** Pages with topics. If two pages have sections of one heading, the first page counts. */
const PAGES = [
  ...["language", "expressions", "edge", "identity", "streams", "production", "deploying", "runtime", "telemetry"],
  ...["testing", "agents", "frameworks", "cookbook", "tutorial", "cli", "migrating", "performance", "options"],
  ...["variables", "errors", "metrics"],
] as const;

/** A heading of a page with the text up to the next heading of its level. */
export interface Section {
  /** Name of the page's file, as in `edge`. */
  readonly page: string;
  readonly heading: string;
  /** 1 for the page's title. */
  readonly level: number;
  /** Markdown, without the heading. The title has the text up to the first heading below. */
  readonly text: string;
  /** The text above the headings inside. */
  readonly above: string;
  /** Rows of the tables in `above`. */
  readonly rows: readonly Row[];
}

/** A line of a table. */
export interface Row {
  readonly section: Section;
  readonly head: readonly string[];
  readonly cells: readonly string[];
}

/** Packing copies the pages beside the compiled sources; a checkout has them in docs. */
const packed = new URL("../pages/", import.meta.url);
const folder = existsSync(packed) ? packed : new URL("../../../docs/", import.meta.url);
export const readPage = (page: string): string => readFileSync(new URL(`${page}.md`, folder), "utf8");

/** Returns the sections of all pages of topics, in the order of `PAGES`. */
export function readSections(): readonly Section[] {
  sections ??= PAGES.flatMap((page) => sectionsOf(page, readPage(page)));
  return sections;
}
let sections: readonly Section[] | undefined;

const HEADING = /^(#{1,3}) (.*)$/;

function sectionsOf(page: string, markdown: string): readonly Section[] {
  const lines = markdown.split("\n");
  const fences = fencedLines(lines);
  const headings = lines.flatMap((line, at) => {
    const [, marks = "", heading = ""] = (fences.has(at) ? null : HEADING.exec(line)) ?? [];
    return heading === "" ? [] : [{ at, level: marks.length, heading: plain(heading) }];
  });
  return headings.map(({ at, level, heading }, i) => {
    const next = headings.slice(i + 1).find((other) => level === 1 || other.level <= level);
    const body = lines.slice(at + 1, next?.at);
    const text = body.join("\n").trim();
    const above = text.split(/^#{2,3} /m)[0] ?? "";
    const rows: Row[] = [];
    const section: Section = { page, level, heading, text, above, rows };
    rows.push(...rowsOf(section));
    return section;
  });
}

/** Numbers of the lines in blocks of code, where `#` begins no heading. */
function fencedLines(lines: readonly string[]): ReadonlySet<number> {
  const found = new Set<number>();
  let isFenced = false;
  for (const [at, line] of lines.entries()) {
    if (/^\s*```/.test(line)) isFenced = !isFenced;
    else if (isFenced) found.add(at);
  }
  return found;
}

function rowsOf(section: Section): readonly Row[] {
  return [...section.above.matchAll(/^\|.*\|\n\|[-|: ]+\|\n((?:\|.*\|\n?)+)/gm)].flatMap(([table]) => {
    const [head = [], , ...rows] = table.trim().split("\n").map(cellsOf);
    return rows.map((cells) => ({ section, head, cells }));
  });
}

const cellsOf = (line: string): readonly string[] =>
  line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

/** Returns Markdown without links and comments, for a terminal. */
export function plain(markdown: string): string {
  return markdown
    .replace(/<!--[\s\S]*?-->\n*/g, "")
    .replace(/\[([^\]]+)\]\([^)\s]+\)/g, "$1")
    .replaceAll("&lt;", "<")
    .replace(/ +$/gm, "");
}

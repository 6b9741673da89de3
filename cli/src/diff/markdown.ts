// Renders findings as GitHub's Markdown, for a pull request. Compared texts may contain anything, so they are printed
// as escaped code.
import { type Finding, KINDS, LEVELS, type Level, list, type Phrase } from "./finding.ts";

/** Comments on GitHub hold 65,536 characters. */
const MAX_CHARACTERS = 60_000;
/** Maximum length of one compared text, in characters. */
const MAX_PIECE_CHARACTERS = 240;
/** Mark by which a bot finds its comment again. */
const MARK = "<!-- protobff diff -->";
const TITLES: Readonly<Record<Level, string>> = { worse: "Look at these", different: "Different", better: "Better" };

/**
 * Renders findings as a comment.
 *
 * @param notes printed before all findings
 */
export function markdownOf(findings: readonly Finding[], against: string, notes: readonly Phrase[] = []): string {
  const head = [MARK, `## BFF: ${summary(findings)}`, "", `Compared with ${code(against)}.`, ""];
  const before = notes.flatMap((note) => [`> ${prose(note)}`, ""]);
  const lines = [...head, ...before];
  let room = MAX_CHARACTERS - lines.join("\n").length;
  let left = 0;
  for (const level of LEVELS) {
    const rows = findings.filter((finding) => finding.level === level).map(row);
    if (rows.length === 0) continue;
    const title = [`### ${TITLES[level]}`, "", "| | where | before | after |", "|---|---|---|---|"];
    const shown = fitting(rows, room - title.join("\n").length);
    left += rows.length - shown.length;
    if (shown.length === 0) continue;
    const section = [...title, ...shown, ""];
    room -= section.join("\n").length;
    lines.push(...section);
  }
  if (left > 0)
    lines.push(`… and ${left} more: \`protobff diff\` on your machine shows all with \`--format=text\`.`, "");
  return lines.join("\n");
}

function summary(findings: readonly Finding[]): string {
  if (findings.length === 0) return "the behaviour is unchanged";
  const parts = LEVELS.flatMap((level) => {
    const n = findings.filter((finding) => finding.level === level).length;
    return n === 0 ? [] : [`${n} ${level}`];
  });
  return parts.join(", ");
}

function row({ kind, message, where, rpcs = [], before, after }: Finding): string {
  const concerned = rpcs.length === 0 ? "" : ` in ${prose(list(rpcs, 3))}`;
  return `| **${KINDS[kind]}**: ${prose(message)} | ${prose(list(where, 4))}${concerned} | ${prose(before ?? [])} | ${prose(after ?? [])} |`;
}

/** The first ones, as many as there is room for. */
function fitting(rows: readonly string[], room: number): readonly string[] {
  let used = 0;
  const end = rows.findIndex((row) => {
    used += row.length + 1;
    return used > room;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

const prose = (parts: Phrase): string =>
  parts.map((part) => (typeof part === "string" ? part : code(part.code))).join("");

/**
 * Returns code for a cell of a table. Readers of Markdown differ on a backslash before a pipe, and on backticks. A text
 * with one of these, or with spaces around it, becomes an element with every sign escaped.
 */
function code(text: string): string {
  const line = [...text.replace(/[\s\p{Cc}\p{Cf}]+/gu, " ")];
  const cut = line.length > MAX_PIECE_CHARACTERS ? `${line.slice(0, MAX_PIECE_CHARACTERS).join("")}…` : line.join("");
  if (cut.trim() === "") return "<code>&#32;</code>";
  if (!/[`\\]/.test(cut) && cut.trim() === cut) return `\`${cut.replaceAll("|", "\\|")}\``;
  return `<code>${cut.replace(/[^A-Za-z0-9 ]/gu, (sign) => `&#${sign.codePointAt(0)};`)}</code>`;
}

/** The same for people before a terminal: one line for each. */
export function linesOf(findings: readonly Finding[]): readonly string[] {
  const text = (parts: Phrase = []): string =>
    parts.map((part) => (typeof part === "string" ? part : part.code.replace(/[\p{Cc}\p{Cf}]+/gu, " "))).join("");
  return findings.map(({ kind, level, message, where, before, after }) => {
    const sides = before === undefined || after === undefined ? "" : ` (${text(before)} → ${text(after)})`;
    return `${level}: ${where.join(", ")}: ${KINDS[kind]}: ${text(message)}${sides}`;
  });
}

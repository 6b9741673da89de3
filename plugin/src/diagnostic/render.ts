import type { Diagnostic, Origin } from "./diagnostic.ts";
import { inOrder } from "./order.ts";
import type { Sources } from "./sources.ts";

/** `text` is for people; `github` are the workflow commands that GitHub shows beside the lines of a change. */
type Format = "text" | "github";

/**
 * All diagnostics, deduplicated and sorted by place; without a line feed at the end. Empty when there are none.
 *
 * @example
 * console.error(renderDiagnostics(diagnostics, sources, "text"));
 */
export function renderDiagnostics(diagnostics: Iterable<Diagnostic>, sources: Sources, format: Format): string {
  const ordered = inOrder(diagnostics);
  return format === "github"
    ? ordered.map((diagnostic) => renderCommand(diagnostic, sources)).join("\n")
    : ordered.map((diagnostic) => renderText(diagnostic, sources)).join("\n\n");
}

function renderText(diagnostic: Diagnostic, sources: Sources): string {
  const { at, severity, code, message, related = [], hint } = diagnostic;
  return [
    `${place(at, sources)}: ${severity} ${code}: ${clean(message, "  ")}`,
    ...lines(at, sources),
    ...related.flatMap((other) => [
      `  ${place(other.at, sources)}: ${clean(other.message, "    ")}`,
      ...lines(other.at, sources),
    ]),
    ...(hint === undefined ? [] : [`  hint: ${clean(hint, "        ")}`]),
  ].join("\n");
}

function lines(at: Origin, sources: Sources): readonly string[] {
  const text = sources(at.file);
  return text === undefined ? [] : excerpt(text, at).map((line) => `    ${line}`);
}

function place(at: Origin, sources: Sources): string {
  return `${path(at, sources)}:${at.line}:${at.column}`;
}

function path(at: Origin, sources: Sources): string {
  return sources.path?.(at.file) ?? at.file;
}

/** Escapes values from a proto, which may contain anything; only line feeds keep their meaning. */
function clean(text: string, indent: string): string {
  return text
    .replaceAll("\n", `\n${indent}`)
    .replace(/[^\P{Cc}\n]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Source: GitHub documentation, "Workflow commands", `::error` and `::warning`. */
function renderCommand(diagnostic: Diagnostic, sources: Sources): string {
  const { at, severity, code, message, related = [], hint } = diagnostic;
  const properties = {
    file: path(at, sources),
    line: at.line,
    endLine: at.endLine,
    // Columns make sense to GitHub within one line only.
    ...(at.endLine === at.line ? { col: at.column, endColumn: at.endColumn } : {}),
    title: code,
  };
  const body = [
    message,
    ...related.map((other) => `${place(other.at, sources)}: ${other.message}`),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
  ];
  const head = Object.entries(properties).map(([name, value]) => `${name}=${commandProperty(String(value))}`);
  return `::${severity} ${head.join(",")}::${commandData(body.join("\n"))}`;
}

function commandData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function commandProperty(text: string): string {
  return commandData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

const longest = 160;
const before = 60;

/**
 * The source line at an origin with carets below the stretch, both indented by a gutter:
 *
 *     12 |   timeout: "0s"
 *        |            ^^^^
 *
 * The first line of a stretch over several lines. Empty when the text has no such line.
 */
function excerpt(text: string, at: Origin): readonly string[] {
  const line = text
    .replace(/^\uFEFF/, "")
    .split("\n")
    [at.line - 1]?.replace(/\r$/, "");
  if (line === undefined) return [];
  const start = Math.min(at.column - 1, line.length);
  const end = at.endLine > at.line ? line.trimEnd().length : Math.min(at.endColumn - 1, line.length);
  // A long line is cut around the place.
  const cut = line.length > longest && start > before ? start - before : 0;
  const shown = line.slice(cut, cut + longest);
  const [left, right] = [cut > 0 ? "… " : "", cut + longest < line.length ? " …" : ""];
  const padding = cells(left) + cells(line.slice(cut, start));
  const carets = Math.max(1, cells(line.slice(start, Math.min(end, cut + longest))));
  const number = String(at.line);
  return [
    `${number} | ${left}${printable(shown)}${right}`.trimEnd(),
    `${" ".repeat(number.length)} | ${" ".repeat(padding)}${"^".repeat(carets)}`,
  ];
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal.
  return text.replaceAll("\t", "  ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
}

/**
 * Returns the approximate width of a text, in cells of a terminal: wide characters count twice, combining characters
 * not at all.
 */
function cells(text: string): number {
  let sum = 0;
  for (const character of text) {
    if (character === "\t" || wide.test(character)) sum += 2;
    else if (!/\p{Mark}/u.test(character)) sum += 1;
  }
  return sum;
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;

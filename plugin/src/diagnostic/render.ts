import type { Diagnostic, Origin } from "./diagnostic.ts";
import { excerpt } from "./excerpt.ts";
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

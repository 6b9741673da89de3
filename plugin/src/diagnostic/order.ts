import type { Diagnostic } from "./diagnostic.ts";

/**
 * Each diagnostic once, sorted by place: file, line, column; at one place errors first, then by code.
 *
 * @example
 * const [first] = inOrder(diagnostics);
 */
export function inOrder(diagnostics: Iterable<Diagnostic>): readonly Diagnostic[] {
  const once = new Map<string, Diagnostic>();
  for (const diagnostic of diagnostics) {
    const { code, message, at } = diagnostic;
    const key = JSON.stringify([code, message, at.file, at.line, at.column, at.endLine, at.endColumn]);
    if (!once.has(key)) once.set(key, diagnostic);
  }
  return [...once.values()].sort(
    (a, b) =>
      compare(a.at.file, b.at.file) ||
      a.at.line - b.at.line ||
      a.at.column - b.at.column ||
      compare(a.severity, b.severity) ||
      compare(a.code, b.code) ||
      compare(a.message, b.message),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

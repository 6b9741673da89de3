import type { Report } from "./diagnostic.ts";

/**
 * Returns a report for values that are checked several times: the same code with the same message at the same place is
 * reported once.
 */
export function distinctReport(report: Report): Report {
  const reported = new Set<string>();
  return (diagnostic) => {
    const { code, message, at } = diagnostic;
    const key = `${code} ${at.file}:${at.line}:${at.column} ${message}`;
    if (reported.has(key)) return;
    reported.add(key);
    report(diagnostic);
  };
}

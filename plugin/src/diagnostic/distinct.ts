import type { Report } from "./diagnostic.ts";

/** For what is looked at several times: the same code with the same message at the same place is told once. */
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

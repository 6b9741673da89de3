import type { Diagnostic } from "./diagnostic.ts";

/** Codes whose severity the options change: `BFF501`, or `BFF501@web/v1/web.proto` in one file. */
export interface Severities {
  /** Codes whose errors are warnings. */
  readonly warn: ReadonlySet<string>;
  /** Codes whose warnings are errors. */
  readonly error: ReadonlySet<string>;
  /** Codes whose warnings are removed. */
  readonly off: ReadonlySet<string>;
}

/**
 * Returns the diagnostic with the severity that the options set for its code; the entry of its file takes precedence.
 * Undefined for a removed warning.
 */
export function withSeverity(diagnostic: Diagnostic, { error, warn, off }: Severities): Diagnostic | undefined {
  const { code, at, severity } = diagnostic;
  for (const key of [`${code}@${at.file}`, code]) {
    if (error.has(key)) return { ...diagnostic, severity: "error" };
    if (off.has(key) && (severity === "warning" || warn.has(key))) return undefined;
    if (warn.has(key)) return { ...diagnostic, severity: "warning" };
  }
  return diagnostic;
}

export const isError = ({ severity }: Diagnostic): boolean => severity === "error";
export const isWarning = ({ severity }: Diagnostic): boolean => severity === "warning";

/** Leaves out what follows from an analysis that other errors made incomplete. */
export function withoutDerived(all: readonly Diagnostic[]): readonly Diagnostic[] {
  return all.some((diagnostic) => isError(diagnostic) && !diagnostic.derived)
    ? all.filter(({ derived }) => !derived)
    : all;
}

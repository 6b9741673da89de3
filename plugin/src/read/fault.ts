import type { Diagnostic, Report } from "../diagnostic/diagnostic.ts";
import type { Origin } from "../diagnostic/origin.ts";
import type { DeclarationCode } from "./codes.ts";

/** Reports an error in a declaration. */
export function fault(
  report: Report,
  code: DeclarationCode,
  at: Origin,
  message: string,
  more: Pick<Diagnostic, "hint" | "related"> = {},
): void {
  report({ code, severity: "error", message, at, ...more });
}

/** Reports something in a declaration that works and is hardly meant. */
export function caution(report: Report, code: DeclarationCode, at: Origin, message: string, hint: string): void {
  report({ code, severity: "warning", message, at, hint });
}

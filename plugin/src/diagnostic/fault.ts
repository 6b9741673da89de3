import type { Diagnostic, Report } from "./diagnostic.ts";
import type { Origin } from "./origin.ts";

/** A diagnostic without its code, severity and place. */
type Explanation = Omit<Diagnostic, "code" | "severity" | "at">;

/** Reports an error. */
export function fault(report: Report, code: Diagnostic["code"], at: Origin, { message, ...more }: Explanation): void {
  report({ code, severity: "error", message, at, ...more });
}

/** Reports something that works and is hardly meant. */
export function caution(report: Report, code: Diagnostic["code"], at: Origin, { message, ...more }: Explanation): void {
  report({ code, severity: "warning", message, at, ...more });
}

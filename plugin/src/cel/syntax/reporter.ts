import type { Report, Severity } from "../../diagnostic/diagnostic.ts";
import type { Text } from "../../diagnostic/origin.ts";
import type { Span } from "./ast.ts";
import type { ExpressionCode } from "./codes.ts";

/** Reports a diagnostic about a part of the expression. Returns undefined, so that callers can return it. */
export type Complain = (
  code: ExpressionCode,
  at: Span,
  message: string,
  hint?: string,
  severity?: Severity,
  derived?: boolean,
) => undefined;

export function complainInto(text: Text, report: Report): Complain {
  return (code, at, message, hint, severity = "error", derived = false) => {
    const place = text.place(at.start, Math.max(at.end, at.start + 1));
    report({
      code,
      severity,
      message,
      at: place,
      ...(hint === undefined ? {} : { hint }),
      ...(derived && { derived }),
    });
    return undefined;
  };
}

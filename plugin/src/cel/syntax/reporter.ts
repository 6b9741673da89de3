import type { Diagnostic, Report, Text } from "../../diagnostic/diagnostic.ts";
import type { Span } from "./ast.ts";
import type { ExpressionCode } from "./codes.ts";

/** Reports a diagnostic about a part of the expression. Returns undefined, so that callers can return it. */
export type Complain = (
  code: ExpressionCode,
  at: Span,
  message: string,
  hint?: string,
  kind?: Pick<Partial<Diagnostic>, "severity" | "derived" | "related">,
) => undefined;

export function complainInto(text: Text, report: Report): Complain {
  return (code, at, message, hint, kind) => {
    const place = text.place(at.start, Math.max(at.end, at.start + 1));
    report({
      code,
      severity: "error",
      message,
      at: place,
      ...(hint === undefined ? {} : { hint }),
      ...kind,
    });
    return undefined;
  };
}

import type { Report } from "../diagnostic/diagnostic.ts";
import type { Failure } from "../gen/bff/v1/options_pb.ts";
import type { IrFailure } from "../ir.ts";
import { type Declared, sourced, text } from "./declared.ts";
import { fault } from "./fault.ts";
import { parseTemplate } from "./template.ts";
import { checkStatus, expressions } from "./values.ts";

/** A guard's failure needs a code; an `on_error` rule's is the upstream's when it says none. */
export function readFailure({ value, place }: Declared<Failure>, codeNeeded: boolean, report: Report): IrFailure {
  const code = sourced(value.code, place, "code");
  if (code !== undefined) checkStatus(code, report);
  else if (codeNeeded) {
    fault(report, "BFF112", place.at, 'this failure has no "code"', {
      hint: "say which status the client gets, as in `code: INVALID_ARGUMENT`",
    });
  }
  const message = text(value.message, place, "message");
  if (message !== undefined) {
    const template = parseTemplate(message.value);
    if (!template.ok)
      fault(report, "BFF113", message.place(template.offset), template.problem, { hint: template.hint });
  }
  return {
    kind: "failure",
    at: place.at,
    code,
    message,
    details: expressions(value.details, place, "details", report),
  };
}

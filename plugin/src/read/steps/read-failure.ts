import type { Failure } from "@protobff/messages/options.js";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrFailure } from "../../ir/step.ts";
import { parseTemplate } from "../values/template.ts";
import { checkStatus, type Declared, expressions, sourced, text } from "../values/values.ts";

/**
 * Reads the failure of a guard, of an `on_error` rule, or of a permit. Only a rule has an upstream's status, and a
 * permit has a separate code.
 */
export function readFailure(
  { value, place }: Declared<Failure>,
  of: "guard" | "rule" | "permit",
  report: Report,
): IrFailure {
  const code = sourced(value.code, place, "code");
  const asIs = value.asIs === true ? sourced(value.asIs, place, "as_is") : undefined;
  if (asIs !== undefined && of !== "rule") {
    fault(report, "BFF147", asIs.at, {
      message: "`as_is` needs the status of an upstream, and here is none",
      hint: "set `code`, and optionally `message` and `details`; `as_is` is for rules of `on_error`",
    });
  } else if (asIs !== undefined && code !== undefined && value.message !== undefined && value.details.length > 0) {
    fault(report, "BFF147", asIs.at, {
      message: "`as_is` has no effect beside `code`, `message` and `details`",
      hint: "leave out `as_is`, or the parts that are to come from the upstream",
    });
  }
  if (code !== undefined) checkStatus(code, report);
  else if (of === "guard" && asIs === undefined) {
    fault(report, "BFF112", place.at, {
      message: 'this failure has no "code"',
      hint: "add the status for the client, as in `code: INVALID_ARGUMENT`",
    });
  }
  const message = text(value.message, place, "message");
  if (message !== undefined) {
    const template = parseTemplate(message.value);
    if (!template.ok)
      fault(report, "BFF113", message.place(template.offset), { message: template.problem, hint: template.hint });
  }
  return {
    kind: "failure",
    at: place.at,
    code,
    message,
    details: expressions(value.details, place, "details", report),
    asIs,
  };
}

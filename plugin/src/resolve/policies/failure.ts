import { type Expression, typeName, type Variable } from "../../cel/index.ts";
import { fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrFailure } from "../../ir/step.ts";
import { detailOf } from "../../model/details.ts";
import { parseTemplate } from "../../read/values/template.ts";
import { textInstead } from "../conversions/replacement.ts";
import type { Fail } from "../model/call.ts";
import { slice } from "../names/synthetic-text.ts";
import { check, type MessageScope } from "../scope/scope.ts";

/** Types of values that a text can contain. */
export const PRINTABLE: ReadonlySet<string> = new Set(["string", "int", "uint", "double", "bool"]);

export function resolveFailure(scope: MessageScope, fail: IrFailure, locals: readonly Variable[]): Fail | undefined {
  let sound = true;
  let message: (string | Expression)[] | undefined;
  if (fail.message !== undefined) {
    message = [];
    for (const part of holes(fail.message)) {
      if (typeof part === "string") {
        message.push(part);
        continue;
      }
      const hole = check(scope, part, locals);
      if (hole === undefined) {
        sound = false;
        continue;
      }
      if (!PRINTABLE.has(hole.type.kind)) {
        sound = false;
        fault(scope.report, "BFF342", part.at, {
          message: `a message cannot print ${typeName(hole.type)}`,
          hint: textInstead(hole),
        });
      }
      message.push(hole);
    }
  }
  const details: Expression[] = [];
  for (const text of fail.details) {
    const detail = check(scope, text, locals);
    if (detail === undefined) {
      sound = false;
      continue;
    }
    if (detailOf(detail) === undefined) {
      sound = false;
      fault(scope.report, "BFF346", text.at, {
        message: `a detail is a message, an optional message or a list of messages, not ${typeName(detail.type)}`,
        hint: 'build a message, such as google.rpc.ErrorInfo{reason: "…"}, or google.protobuf.StringValue{value: "…"}',
      });
    }
    details.push(detail);
  }
  return sound ? { code: fail.code?.value, message, details, asIs: fail.asIs?.at, at: fail.at } : undefined;
}

/**
 * Splits `no user {args.user_id}` into literal text and the texts of its holes. Returns nothing if its braces are
 * malformed, which has been reported.
 */
export function holes(text: Text): (string | Text)[] {
  const template = parseTemplate(text.value);
  if (!template.ok) return [];
  const parts = template.parts.map((part) => (part.kind === "text" ? part.text : slice(text, part.from, part.to)));
  return parts.length === 0 ? [""] : parts;
}

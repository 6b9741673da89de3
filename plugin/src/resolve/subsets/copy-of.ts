// Values of a subset: those of the composed message, copied to the subset's own fields.
import { fieldType, presenceOf } from "../../cel/index.ts";
import type { IrField } from "../../ir/ir.ts";
import { type BoundExpression, isRequired } from "../../model/conversion.ts";
import { fallbackOf } from "../conversions/computed-fields.ts";
import { conversion } from "../conversions/convert.ts";
import type { MessageContext } from "../steps/context.ts";

/**
 * Returns the value of a field that copies a field of the composed message. Undefined after a diagnostic: of the value,
 * or of the copy, which is checked with all other copies.
 */
export function copyOf(
  { run, scope }: MessageContext,
  bound: BoundExpression,
  field: IrField,
): BoundExpression | undefined {
  const { desc: to, source, fallback: text } = field;
  const from = source?.desc;
  if (from === undefined) return bound;
  const how = conversion(fieldType(from), fieldType(to), run.aliases);
  if (how.kind === "misfit") return undefined;
  const cx = { registry: scope.registry, aliases: run.aliases, enums: scope.enums, report: () => {} };
  const fallback = text && fallbackOf(cx, field, text);
  // An unset value becomes the zero of a field that always has one.
  const zeroes = !isAlways(from) && isAlways(to);
  if (how.kind === "same" && fallback === undefined && !zeroes) return bound;
  return { ...bound, copy: { kind: "field", to, from, conversion: how, fallback } };
}

const isAlways = (field: IrField["desc"]): boolean => presenceOf(field) === "implicit" || isRequired(field);

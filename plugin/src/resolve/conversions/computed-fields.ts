// Fields of copies with more than a name: a value computed from the upstream's message, or a fallback for an absent
// value.

import type { DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import { checkExpression, messageType, presenceOf, type Variable } from "../../cel/index.ts";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrField } from "../../ir/ir.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import type { Observe } from "../model/checked-text.ts";
import { bindTo } from "./bind.ts";
import type { EnumRelations } from "./enum-relations.ts";
import type { Aliases } from "./value.ts";

/** Context for checking computed fields, with the conversions of the run. */
interface ComputedContext {
  readonly registry: Registry;
  readonly aliases: Aliases;
  readonly enums: EnumRelations;
  readonly observe?: Observe | undefined;
  readonly report: Report;
}

/** The upstream's message, under the only name that a copy's expressions can read. */
function sourceOf(upstream: DescMessage): Variable {
  return { name: "source", role: "item", ...messageType(upstream), absent: false };
}

/** `by` of a field of a copy; undefined after a diagnostic. */
export function computedOf(
  cx: ComputedContext,
  field: IrField,
  by: Text,
  upstream: DescMessage,
): BoundExpression | undefined {
  return bound(cx, field, by, [sourceOf(upstream)]);
}

/** `fallback` of a field of a copy; undefined after a diagnostic. */
export function fallbackOf(cx: ComputedContext, field: IrField, text: Text): BoundExpression | undefined {
  const { desc } = field;
  const scalar = desc.fieldKind === "scalar" || desc.fieldKind === "enum";
  if (!scalar || desc.oneof !== undefined || presenceOf(desc) === "implicit")
    return fault(cx.report, "BFF435", text.at, {
      message: `"${desc.name}" ${scalar && desc.oneof === undefined ? "always has a value" : "is no optional scalar or enum"}, so a fallback cannot replace it`,
      hint:
        scalar && desc.oneof === undefined
          ? `declare it \`optional\`, or leave out the fallback`
          : "leave it out, and set the value in the message that uses the copy",
    });
  return bound(cx, field, text, []);
}

function bound(
  { registry, aliases, enums, report, observe }: ComputedContext,
  { desc }: IrField,
  text: Text,
  names: readonly Variable[],
) {
  const lookup = (name: string): Variable | undefined => names.find((variable) => variable.name === name);
  const container = desc.parent.file.proto.package;
  const scope = { lookup, names: () => names.map(({ name }) => name), container, enums };
  const expression = text.value.trim() === "" ? undefined : checkExpression(text, scope, registry, report);
  observe?.({ text, scope, stepOf: new Map(), expression });
  const found = expression && bindTo(expression, desc, aliases, report);
  if (found === undefined || names.length > 0 || !found.expression.fails) return found;
  return fault(report, "BFF435", text.at, { message: "this fallback may fail", hint: "write a constant" });
}

/**
 * Returns the fields of the upstream's message in a bare path. Undefined for any other expression, or for a path that
 * cannot be set.
 */
export function writtenTo(by: string, upstream: DescMessage): readonly DescField[] | undefined {
  const [root, ...names] = by.trim().split(/\s*\.\s*/);
  if (root !== "source" || names.length === 0) return undefined;
  const path: DescField[] = [];
  let at: DescMessage | undefined = upstream;
  for (const [i, name] of names.entries()) {
    const field: DescField | undefined = at?.fields.find((candidate) => candidate.name === name);
    const inside = i < names.length - 1;
    if (field === undefined || (inside && (field.fieldKind !== "message" || field.oneof !== undefined)))
      return undefined;
    path.push(field);
    at = field.message;
  }
  return path;
}

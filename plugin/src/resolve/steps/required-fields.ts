import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { Node } from "../../cel/index.ts";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrCall } from "../../ir/step.ts";
import { type FieldBinding, isRequired } from "../../model/conversion.ts";
import { pathName } from "../../model/path-name.ts";

/** A field that a request sets: by `set`, as keys of a batch, or in the literal of `request`. */
interface SetField extends Partial<FieldBinding> {
  readonly path: readonly DescField[];
  /** True for a message written as a literal. Its fields have separate settings. */
  readonly literal?: boolean;
}

/** Returns the settings of a message literal, including messages in it. */
export function inLiteral(node: Node, above: readonly DescField[] = []): SetField[] {
  if (node.kind !== "message") return [];
  return node.fields.flatMap(({ field, value }) => {
    const path = [...above, field];
    return [{ path, literal: value.kind === "message" && field.message === value.desc }, ...inLiteral(value, path)];
  });
}

/** Reports a request without its `required` fields, because it cannot be sent. */
export function checkRequired(
  report: Report,
  ir: IrCall,
  message: DescMessage,
  set: readonly SetField[],
  above: readonly DescField[] = [],
): void {
  const depth = above.length;
  for (const field of message.fields) {
    const here = set.filter(({ path }) => path[depth] === field);
    const inside = here.filter(({ path, literal }) => path.length > depth + 1 || literal === true);
    const whole = here.some(({ path, literal }) => path.length === depth + 1 && literal !== true);
    if (inside.length > 0 && !whole && field.message !== undefined && field.fieldKind === "message")
      checkRequired(report, ir, field.message, inside, [...above, field]);
    if (!isRequired(field) || here.some((binding) => binding.if === undefined)) continue;
    const name = pathName([...above, field]);
    const [conditional] = here;
    fault(report, "BFF240", conditional?.if?.text.at ?? ir.request?.at ?? ir.method?.at ?? ir.at, {
      message: `"${field.name}" of "${message.typeName}" is required, but ${conditional === undefined ? "not set" : "set only under an `if`"}`,
      hint:
        conditional === undefined
          ? `set it: set: { name: "${name}" by: "…" }`
          : "leave out the `if`, and write a value for both cases: … ? … : …",
    });
  }
}

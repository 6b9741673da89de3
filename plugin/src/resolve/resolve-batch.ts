import type { DescMethod } from "@bufbuild/protobuf";
import { fieldType, typeName, type Variable } from "../cel/index.ts";
import type { IrBatch } from "../ir.ts";
import type { Text } from "../origin.ts";
import { fieldPath } from "./bind.ts";
import type { Effects, MessageContext } from "./context.ts";
import { conversion } from "./convert.ts";
import type { Batch } from "./model.ts";
import { check } from "./scope.ts";

/** How calls of a list join in one: which field takes the keys, and how the items answer them (BFF340, BFF505). */
export function resolveBatch(
  cx: MessageContext,
  ir: IrBatch,
  method: DescMethod,
  locals: readonly Variable[],
  effects: Effects,
): Batch | undefined {
  const { scope, run } = cx;
  const { report } = scope;
  const fault = (at: Text, message: string, hint: string): undefined =>
    report({ code: "BFF340", severity: "error", message, at: at.at, hint }) as undefined;
  if (ir.name === undefined || ir.by === undefined || ir.items === undefined) return undefined;
  if (effects !== "none") {
    report({
      code: "BFF505",
      severity: "error",
      message: `"${method.name}" has side effects, and a batch would make one call of several`,
      at: ir.at,
      hint: "call it without `batch`; or, when it has none, declare `idempotency_level = NO_SIDE_EFFECTS` on it or on the rpcs of this BFF that reach it",
    });
  }
  const [keys] = fieldPath(method.input, ir.name, report) ?? [];
  const [items] = fieldPath(method.output, ir.items, report) ?? [];
  const by = check(scope, ir.by, locals);
  if (keys === undefined || items === undefined || by === undefined) return undefined;
  if (keys.fieldKind !== "list")
    return fault(ir.name, `"${keys.name}" takes one key, not a list`, "name a repeated field of the request");
  const element = fieldType(keys);
  if (element.type.kind !== "list" || element.proto.kind !== "list") return undefined;
  const how = conversion(by, { type: element.type.element, proto: element.proto.of }, run.aliases);
  if (how.kind === "misfit") {
    report({
      code: how.code,
      severity: "error",
      message: `${how.message} ("${keys.name}")`,
      at: ir.by.at,
      hint: how.hint,
    });
    return undefined;
  }
  const value = { expression: by, conversion: how };
  const { many, max } = { many: ir.many?.value ?? false, max: ir.max?.value ?? 100 };
  if (items.fieldKind === "map") {
    const key = fieldType(items).type;
    if (key.kind === "map" && key.key.kind !== element.type.element.kind) {
      return fault(
        ir.items,
        `the keys of "${items.name}" are ${typeName(key.key)}, those of "${keys.name}" ${typeName(element.type.element)}`,
        "name a map with keys of the same type",
      );
    }
    if (many)
      return fault(
        ir.items,
        `"many" needs a list of items, and "${items.name}" is a map with one item for each key`,
        "remove `many`, or name a repeated field",
      );
    return { keys, by: value, items, key: undefined, many, max };
  }
  if (items.fieldKind !== "list" || items.listKind !== "message")
    return fault(
      ir.items,
      `"${items.name}" is not a list of messages nor a map`,
      "name the repeated message field, or the map, that holds the items",
    );
  const { kind } = element.type.element;
  if (ir.key === undefined)
    return fault(
      ir.items,
      `the key of an item of "${items.name}" is not said`,
      `add \`key\`, one of: ${items.message.fields
        .filter((field) => fieldType(field).type.kind === kind)
        .map((field) => field.name)
        .join(", ")}`,
    );
  const [key, further] = fieldPath(items.message, ir.key, report) ?? [];
  if (key === undefined) return undefined;
  if (further !== undefined || fieldType(key).type.kind !== kind) {
    return fault(
      ir.key,
      `"${ir.key.value}" is ${typeName(fieldType(key).type)}, but the keys are ${typeName(element.type.element)}`,
      "name the field that holds what was asked for",
    );
  }
  return { keys, by: value, items, key, many, max };
}

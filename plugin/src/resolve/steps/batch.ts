import type { DescField, DescMethod } from "@bufbuild/protobuf";
import { type CelType, fieldType, sameType, typeName, type Variable } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { IrBatch } from "../../ir.ts";
import type { Text } from "../../origin.ts";
import { fieldPath } from "../conversions/bind.ts";
import { conversion } from "../conversions/convert.ts";
import type { Batch, Effects } from "../model/model.ts";
import { check } from "../scope/scope.ts";
import type { MessageContext } from "./context.ts";

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
  const fault = faultInto(report);
  if (ir.name === undefined || ir.by === undefined || ir.items === undefined) return undefined;
  if (effects !== "none") {
    report({
      code: "BFF505",
      severity: "error",
      message: `"${method.name}" has side effects, and a batch would make one call of several`,
      at: ir.at,
      hint: `call it without \`batch\`${effects === "once" ? ", or say `read_only: true` when it only reads" : ""}`,
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
  const answer = resolveAnswer(ir, ir.items, items, keys, element.type.element, report);
  return (
    answer && {
      ...{ keys, by: { expression: by, conversion: how }, items, ...answer },
      ...{ many: ir.many?.value ?? false, max: ir.max?.value ?? 100 },
    }
  );
}

/** How the items in the answer say whose they are: by their place in a map, or by a field of theirs. */
function resolveAnswer(
  ir: IrBatch,
  named: Text,
  items: DescField,
  keys: DescField,
  wanted: CelType,
  report: Report,
): Pick<Batch, "key"> | undefined {
  const fault = faultInto(report);
  if (items.fieldKind === "map") {
    const { type } = fieldType(items);
    if (type.kind === "map" && type.key.kind !== wanted.kind)
      return fault(
        named,
        `the keys of "${items.name}" are ${typeName(type.key)}, those of "${keys.name}" ${typeName(wanted)}`,
        "name a map with keys of the same type",
      );
    if (ir.many?.value === true)
      return fault(
        named,
        `"many" needs a list of items, and "${items.name}" is a map with one item for each key`,
        "remove `many`, or name a repeated field",
      );
    return { key: undefined };
  }
  if (items.fieldKind !== "list" || items.listKind !== "message")
    return fault(
      named,
      `"${items.name}" is not a list of messages nor a map`,
      "name the repeated message field, or the map, that holds the items",
    );
  if (ir.key === undefined)
    return fault(
      named,
      `the key of an item of "${items.name}" is not said`,
      `add \`key\`, one of: ${items.message.fields
        .filter((field) => isKey(field, wanted))
        .map((field) => field.name)
        .join(", ")}`,
    );
  const [key, further] = fieldPath(items.message, ir.key, report) ?? [];
  if (key === undefined) return undefined;
  if (further !== undefined || !isKey(key, wanted))
    return fault(
      ir.key,
      `"${ir.key.value}" is ${typeName(fieldType(key).type)}, but the keys are ${typeName(wanted)}`,
      "name the field that holds what was asked for",
    );
  return { key };
}

/** Whether a field of an item can say whose it is; of messages it is the same one. */
function isKey(field: DescField, wanted: CelType): boolean {
  const { type } = fieldType(field);
  return type.kind === wanted.kind && (type.kind !== "message" || sameType(type, wanted));
}

const faultInto =
  (report: Report) =>
  (at: Text, message: string, hint: string): undefined => {
    report({ code: "BFF340", severity: "error", message, at: at.at, hint });
  };

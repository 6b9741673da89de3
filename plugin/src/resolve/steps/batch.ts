import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import {
  type CelType,
  type Expression,
  fieldType,
  type Proto,
  sameType,
  typeName,
  type Variable,
} from "../../cel/index.ts";
import type { Report, Text } from "../../diagnostic/diagnostic.ts";
import type { IrBatch } from "../../ir/step.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import { protoOf } from "../../model/proto-of.ts";
import { fieldPath, mayBeUnset, reportUnset } from "../conversions/bind.ts";
import { conversion } from "../conversions/convert.ts";
import type { Batch, Effects } from "../model/call.ts";
import { check, free } from "../scope/scope.ts";
import type { MessageContext } from "./context.ts";

/** Type of a key. */
interface Key {
  readonly type: CelType;
  readonly proto: Proto;
}

/** Resolves a batch: the field that takes the keys, and the relation of the answer's items to them (BFF340, BFF505). */
export function resolveBatch(
  cx: MessageContext,
  ir: IrBatch,
  method: DescMethod,
  locals: readonly Variable[],
  effects: Effects,
): Batch | undefined {
  const { scope } = cx;
  const { report } = scope;
  const fault = faultInto(report);
  if (ir.name === undefined || ir.by === undefined || ir.items === undefined) return undefined;
  if (effects !== "none") {
    report({
      code: "BFF505",
      severity: "error",
      message: `"${method.name}" has side effects, but a batch joins several calls into one`,
      at: ir.at,
      hint: `call it without \`batch\`${effects === "once" ? ", or set `read_only: true` if it only reads" : ""}`,
      derived: true,
    });
  }
  const [keys] = fieldPath(method.input, ir.name, report) ?? [];
  const [items] = fieldPath(method.output, ir.items, report) ?? [];
  const by = check(scope, ir.by, locals);
  if (keys === undefined || items === undefined || by === undefined) return undefined;
  if (keys.fieldKind !== "list")
    return fault(ir.name, `"${keys.name}" takes one key, not a list`, "name a repeated field of the request");
  const list = fieldType(keys);
  if (list.type.kind !== "list" || list.proto.kind !== "list") return undefined;
  const element: Key = { type: list.type.element, proto: list.proto.of };
  const key = ir.wrap === undefined ? element : keyOf(by, report);
  const unwrapped = ir.wrap === undefined && element.type.kind === "message" && by.type.kind !== "message";
  const boundKey = key && bound(cx, by, key, keys, unwrapped ? wrapHint(element.type) : undefined);
  if (key === undefined || boundKey === undefined) return undefined;
  const wrap = ir.wrap && resolveWrap(cx, ir.wrap, key, element, keys);
  const answer = resolveAnswer(cx, { ir, named: ir.items, items, keys, key });
  if (answer === undefined || (ir.wrap !== undefined && wrap === undefined)) return undefined;
  return {
    keys,
    by: boundKey,
    of: key.proto,
    wrap,
    items,
    ...answer,
    many: ir.many?.value ?? false,
    max: ir.max?.value ?? 100,
  };
}

/** Converts a value to the required form. Undefined after a diagnostic. */
function bound(
  cx: MessageContext,
  expression: Expression,
  expected: Key,
  keys: DescField,
  hint?: string,
): BoundExpression | undefined {
  if (mayBeUnset(expression) && expected.proto.kind !== "message") {
    reportUnset(expression, "a key", "write a value for the unset case", cx.scope.report);
    return undefined;
  }
  const how = conversion(expression, expected, cx.run.aliases);
  if (how.kind !== "misfit") return { expression, conversion: how };
  cx.scope.report({
    code: how.code,
    severity: "error",
    message: `${how.message} ("${keys.name}")`,
    at: expression.text.at,
    hint: hint ?? how.hint,
  });
  return undefined;
}
/** Returns the hint for making a key into the message that the request lists. */
function wrapHint(type: CelType): string | undefined {
  if (type.kind !== "message") return undefined;
  const [field] = type.desc.fields;
  return `add \`wrap: "${type.desc.typeName}{${field === undefined ? "" : `${field.name}: key`}}"\` to the batch, which builds the element from the key`;
}

const KEYS: ReadonlySet<CelType["kind"]> = new Set(["string", "int", "uint", "bool", "bytes", "message"]);

/** Returns the type of a key. A wrapped key is the result of its expression. */
function keyOf(by: Expression, report: Report): Key | undefined {
  const proto = by.proto ?? protoOf(by.type);
  if (proto !== undefined && KEYS.has(by.type.kind)) return { type: by.type, proto };
  return faultInto(report)(
    by.text,
    `a key is a string, an int, a uint, a bool, bytes or a message, not ${typeName(by.type)}`,
    "name a value that differs between the items, such as an id",
  );
}

/** Resolves `wrap`. Only `key` is in scope, because all calls share the batch. */
function resolveWrap(
  cx: MessageContext,
  text: Text,
  { type, proto }: Key,
  element: Key,
  keys: DescField,
): Batch["wrap"] {
  const key: Variable = { name: "key", role: "local", type, proto, absent: false };
  const expression = checkAlone(cx, text, key);
  const made = expression && bound(cx, expression, element, keys);
  return made && { key, element: made };
}

function checkAlone({ scope }: MessageContext, text: Text, variable: Variable): Expression | undefined {
  const alone = { ...scope, builtins: new Map(), steps: new Map(), broken: new Set<string>(), offered: [] };
  const expression = check(alone, text, [variable]);
  if (expression === undefined || free(scope, text).names.has(variable.name)) return expression;
  return faultInto(scope.report)(
    text,
    `this does not read \`${variable.name}\`, so its value is always the same`,
    `read \`${variable.name}\`, which is ${typeName(variable.type)}`,
  );
}

interface Answer {
  readonly ir: IrBatch;
  readonly named: Text;
  readonly items: DescField;
  readonly keys: DescField;
  readonly key: Key;
}

/**
 * Resolves the relation of the answer's items to keys: by the key of a map, by a field of the item, or by an
 * expression.
 */
function resolveAnswer(cx: MessageContext, answer: Answer): Pick<Batch, "key" | "keyBy"> | undefined {
  const { ir, named, items } = answer;
  const fault = faultInto(cx.scope.report);
  if (items.fieldKind === "map") return ofMap(answer, fault) ? { key: undefined, keyBy: undefined } : undefined;
  if (items.fieldKind !== "list" || items.listKind !== "message")
    return fault(
      named,
      `"${items.name}" is not a list of messages nor a map`,
      "name the repeated message field, or the map, that holds the items",
    );
  if (ir.keyBy !== undefined) {
    const keyBy = resolveKeyBy(cx, ir.keyBy, items.message, answer);
    return keyBy && { key: undefined, keyBy };
  }
  const key = keyField(cx, items.message, answer);
  return key && { key, keyBy: undefined };
}

function ofMap({ ir, named, items, keys, key }: Answer, fault: ReturnType<typeof faultInto>): true | undefined {
  const { type } = fieldType(items);
  const expected = key.type;
  if (type.kind === "map" && type.key.kind !== expected.kind)
    return fault(
      named,
      `the keys of "${items.name}" are ${typeName(type.key)}, those of "${keys.name}" ${typeName(expected)}`,
      "name a map with keys of the same type",
    );
  if (ir.many?.value === true)
    return fault(
      named,
      `"many" needs a list of items, but "${items.name}" is a map with one item per key`,
      "remove `many`, or name a repeated field",
    );
  if (ir.keyBy !== undefined)
    return fault(
      ir.keyBy,
      `"${items.name}" is a map, whose keys already identify its items`,
      "leave out `key_by`, or name a repeated field",
    );
  if (ir.key !== undefined)
    return fault(
      ir.key,
      `"${items.name}" is a map, whose keys already identify its items`,
      "leave out `key`, or name a repeated field",
    );
  return true;
}

function keyField(cx: MessageContext, of: DescMessage, { ir, named, items, key }: Answer): DescField | undefined {
  const fault = faultInto(cx.scope.report);
  const expected = key.type;
  if (ir.key === undefined)
    return fault(
      named,
      `the items of "${items.name}" have no \`key\``,
      `add \`key\`, one of: ${of.fields
        .filter((field) => isKey(fieldType(field).type, expected))
        .map((field) => field.name)
        .join(", ")}, or a computed \`key_by\``,
    );
  const [field, further] = fieldPath(of, ir.key, cx.scope.report) ?? [];
  if (field === undefined) return undefined;
  if (further !== undefined || !isKey(fieldType(field).type, expected))
    return fault(
      ir.key,
      `"${ir.key.value}" is ${typeName(fieldType(field).type)}, but the keys are ${typeName(expected)}`,
      "name the field that contains the requested key",
    );
  return field;
}

/** Resolves `key_by`. Only `item` is in scope. */
function resolveKeyBy(cx: MessageContext, text: Text, desc: DescMessage, { key, keys }: Answer): Batch["keyBy"] {
  const of = { kind: "message", desc } as const;
  const item: Variable = { name: "item", role: "local", type: of, proto: of, absent: false };
  const expression = checkAlone(cx, text, item);
  if (expression === undefined) return undefined;
  if (!isKey(expression.type, key.type))
    return faultInto(cx.scope.report)(
      text,
      `this is ${typeName(expression.type)}, but the keys are ${typeName(key.type)}`,
      "write the requested key",
    );
  const by = bound(cx, expression, key, keys);
  return by && { item, by };
}

/** Returns true if a type can be compared with keys: it has the same kind, and for messages the same message. */
function isKey(type: CelType, expected: CelType): boolean {
  return type.kind === expected.kind && (type.kind !== "message" || sameType(type, expected));
}

const faultInto =
  (report: Report) =>
  (at: Text, message: string, hint: string): undefined => {
    report({ code: "BFF340", severity: "error", message, at: at.at, hint });
  };

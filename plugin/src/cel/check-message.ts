import { didYouMean } from "../diagnostic/did-you-mean.ts";
import { assignable } from "./assignable.ts";
import type { Ast } from "./ast.ts";
import type { Checker, Place } from "./checker.ts";
import type { Node } from "./expression.ts";
import { fieldType, messageType } from "./field-type.ts";
import { anyFails } from "./join.ts";
import { listed } from "./listed.ts";
import { candidates } from "./names.ts";
import { protoRange, rangeOf } from "./range.ts";
import { sameProto } from "./same-proto.ts";
import type { Proto } from "./type.ts";
import { typeName } from "./type-name.ts";

type Literal = Ast & { kind: "message" };

/** `pkg.Type{field: value}`. */
export function checkMessage(checker: Checker, ast: Literal, place: Place): Node | undefined {
  const desc = candidates(ast.name, checker.scope.container)
    .map((name) => checker.registry.getMessage(name))
    .find((found) => found !== undefined);
  if (desc === undefined) {
    const names = [...checker.registry].flatMap((found) => (found.kind === "message" ? [found.typeName] : []));
    const last = lastPart(ast.name);
    const nearest = didYouMean(last, names.map(lastPart));
    const close = didYouMean(ast.name, names) ?? names.find((name) => lastPart(name) === (nearest ?? last));
    const hint = close === undefined ? undefined : `Did you mean "${close}"?`;
    return checker.complain("BFF311", ast.at, `there is no message "${ast.name}" in this run`, hint);
  }
  const { type, proto } = messageType(desc);
  if (type.kind !== "message") {
    return checker.complain(
      "BFF307",
      ast.at,
      `a literal of ${desc.typeName} is not supported yet`,
      "Write the value itself.",
    );
  }
  const seen = new Map<string, string>();
  let sound = true;
  const fields = ast.fields.flatMap(({ name, at, value: valueAst }) => {
    const value = checker.check(valueAst, place);
    const field = desc.fields.find((candidate) => candidate.name === name);
    if (field === undefined) {
      sound = false;
      const names = desc.fields.map((candidate) => candidate.name);
      const close = didYouMean(name, names);
      const hint = close === undefined ? `Its fields: ${listed(names)}.` : `Did you mean "${close}"?`;
      checker.complain("BFF303", at, `${desc.typeName} has no field "${name}"`, hint);
      return [];
    }
    const slot = field.oneof?.name ?? field.name;
    const before = seen.get(slot);
    if (before !== undefined) {
      sound = false;
      checker.complain(
        "BFF312",
        at,
        before === name ? `"${name}" is given twice` : `"${name}" and "${before}" are in one oneof`,
      );
    }
    seen.set(slot, name);
    if (value === undefined) {
      sound = false;
      return [];
    }
    const wanted = fieldType(field);
    const fits = assignable(value.type, wanted.type) && enumFits(value, wanted.proto);
    if (!fits) {
      sound = false;
      const is = value.proto?.kind === "enum" ? value.proto.desc.typeName : typeName(value.type);
      const of = wanted.proto.kind === "enum" ? wanted.proto.desc.typeName : typeName(wanted.type);
      checker.complain("BFF310", valueAst, `"${name}" is of type ${of}, and this is ${is}`, fieldHint(is, of));
      return [];
    }
    const range = protoRange(wanted.proto);
    if (value.kind === "constant" && range !== undefined && mayOverflow(value, wanted.proto)) {
      sound = false;
      checker.complain(
        "BFF309",
        valueAst,
        `${value.value} does not fit into "${name}", which holds ${range.low} to ${range.high}`,
      );
      return [];
    }
    if (
      isBoxed(wanted.proto) &&
      !(value.type.kind === "null" && wanted.type.kind !== "dyn") &&
      !(value.proto !== undefined && sameProto(value.proto, wanted.proto))
    ) {
      sound = false;
      checker.complain(
        "BFF307",
        valueAst,
        `giving a value to "${name}", a ${boxName(wanted.proto)}, is not supported yet`,
      );
      return [];
    }
    return [{ field, value }];
  });
  if (!sound) return undefined;
  const values = fields.map(({ value }) => value);
  const fails = anyFails(values) || fields.some(({ field, value }) => mayOverflow(value, fieldType(field).proto));
  return { ...checker.base(ast, type, proto, fails), kind: "message", desc, fields };
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function enumFits(value: Node, proto: Proto): boolean {
  if (proto.kind !== "enum") return true;
  return value.proto?.kind === "enum" && value.proto.desc.typeName === proto.desc.typeName;
}

/** Struct, Value, ListValue and Any, whose TypeScript form is not CEL's. */
function isBoxed(proto: Proto): boolean {
  return proto.kind === "message" && BOXES.has(proto.desc.typeName);
}
const BOXES: ReadonlySet<string> = new Set([
  "google.protobuf.Struct",
  "google.protobuf.Value",
  "google.protobuf.ListValue",
  "google.protobuf.Any",
]);
function boxName(proto: Proto): string {
  return proto.kind === "message" ? proto.desc.typeName : "";
}

/** Whether an integer may not fit into a field of 32 bits. */
function mayOverflow(value: Node, proto: Proto): boolean {
  if (value.type.kind === "null") return false;
  const wanted = protoRange(proto);
  if (wanted !== undefined && proto.kind === "scalar") {
    const is = rangeOf(value);
    return is === undefined || is.low < wanted.low || is.high > wanted.high;
  }
  if (proto.kind === "list")
    return value.kind === "list"
      ? value.elements.some((one) => mayOverflow(one, proto.of))
      : value.proto === undefined && holdsNarrow(proto.of);
  return proto.kind === "map" && value.proto === undefined && holdsNarrow(proto.of);
}

function holdsNarrow(proto: Proto): boolean {
  return proto.kind === "scalar" && protoRange(proto) !== undefined;
}

function fieldHint(is: string, of: string): string | undefined {
  if ((of === "uint" || of === "int" || of === "double") && ["int", "uint", "double"].includes(is)) {
    return `Convert it: ${of}(…).`;
  }
  return of === "string" && ["int", "uint", "double", "bool"].includes(is) ? "Convert it: string(…)." : undefined;
}

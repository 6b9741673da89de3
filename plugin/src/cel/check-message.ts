import type { DescMessage } from "@bufbuild/protobuf";
import { didYouMean } from "../diagnostic/did-you-mean.ts";
import type { Ast, Span } from "./ast.ts";
import { optionalOf } from "./check-literal.ts";
import type { Checker, Place } from "./checker.ts";
import type { Node } from "./expression.ts";
import { extensionNamed, NO_EXTENSIONS } from "./extension.ts";
import { fieldType, messageType } from "./field-type.ts";
import { listed } from "./listed.ts";
import { candidates, resolveName } from "./names.ts";
import { isJson, isSureJsonNode } from "./pack.ts";
import { protoRange, rangeOf } from "./range.ts";
import { sameProto } from "./same-proto.ts";
import type { CelType, Proto } from "./type.ts";
import { typeName } from "./type-name.ts";
import { orNull } from "./type-variables.ts";

const DYN: CelType = { kind: "dyn" };

type Literal = Ast & { kind: "message" };

/** `pkg.Type{field: value}`. */
export function checkMessage(checker: Checker, ast: Literal, place: Place): Node | undefined {
  const desc = candidates(ast.name, checker.scope.container)
    .map((name) => checker.registry.getMessage(name))
    .find((found) => found !== undefined);
  if (desc === undefined) {
    if (resolveName(ast.name, checker.scope, checker.registry) === undefined) {
      return unknownMessage(checker, ast.name, ast.at);
    }
    return checker.complain("BFF311", ast.at, `"${ast.name}" is not a message`);
  }
  const { type, proto } = messageType(desc);
  const seen = new Map<string, string>();
  const fields = ast.fields.map((written) => checkField(checker, desc, written, seen, place));
  const sound = fields.filter((field) => field !== undefined);
  if (sound.length < fields.length) return undefined;
  // An Any is what is in it, and its type may be unknown.
  const opened = type.kind === "dyn" && type.any === true;
  const fails =
    opened ||
    sound.some(({ field, value }) => {
      const { proto } = fieldType(field);
      const kept = value.proto !== undefined && sameProto(value.proto, proto);
      const json = kept || !isJson(proto) || isSureJsonNode(value, (part) => checker.typeOf(part));
      return value.fails || mayOverflow(value, proto) || !json;
    });
  // The value of a wrapper, a Struct and the like is CEL's own.
  const base = checker.base(ast, type, type.kind === "message" ? proto : undefined, fails);
  const node: Node = { ...base, kind: "message", desc, fields: sound };
  checker.wanted.set(
    node,
    sound.map(({ field, optional }) => {
      const wanted = fieldType(field).type;
      // Null leaves a message unset.
      return optional ? { kind: "optional", of: wanted } : wanted.kind === "wrapper" ? DYN : orNull(wanted);
    }),
  );
  return node;
}

export function unknownMessage(checker: Checker, name: string, at: Span): undefined {
  const names = [...checker.registry].flatMap((found) => (found.kind === "message" ? [found.typeName] : []));
  const last = lastPart(name);
  const nearest = didYouMean(last, names.map(lastPart));
  const close = didYouMean(name, names) ?? names.find((other) => lastPart(other) === (nearest ?? last));
  const hint = close === undefined ? undefined : `did you mean "${close}"?`;
  return checker.complain("BFF311", at, `there is no message "${name}" in this run`, hint);
}

type Field = (Node & { kind: "message" })["fields"][number];

function checkField(
  checker: Checker,
  desc: DescMessage,
  { name, at, value: ast, optional }: Literal["fields"][number],
  seen: Map<string, string>,
  place: Place,
): Field | undefined {
  const value = checker.check(ast, place);
  const field = desc.fields.find((candidate) => candidate.name === name);
  if (field === undefined && extensionNamed(desc, name) !== undefined)
    return checker.complain(
      "BFF303",
      at,
      `"${name}" is an extension of ${desc.typeName}, not a field of it`,
      NO_EXTENSIONS,
    );
  if (field === undefined) {
    const names = desc.fields.map((candidate) => candidate.name);
    const close = didYouMean(name, names);
    const hint = close === undefined ? `its fields: ${listed(names)}` : `did you mean "${close}"?`;
    return checker.complain("BFF303", at, `${desc.typeName} has no field "${name}"`, hint);
  }
  const slot = field.oneof?.name ?? field.name;
  const before = seen.get(slot);
  seen.set(slot, name);
  if (before !== undefined) {
    const what = before === name ? `"${name}" is given twice` : `"${name}" and "${before}" are in one oneof`;
    return checker.complain("BFF312", at, what);
  }
  if (value === undefined) return undefined;
  const own = checker.typeOf(value);
  const type = optional ? optionalOf(checker, own, ast) : own;
  if (type === undefined) return undefined;
  const wanted = fieldType(field);
  // cel-go speaks of the field where we show its value.
  const shown = { ...ast, ...(at.anchor === undefined ? {} : { anchor: at.anchor }) };
  const fits = checker.types.assignable(wanted.type, type) && (optional || enumFits(checker, value, wanted.proto));
  if (!fits) {
    const is = value.proto?.kind === "enum" ? value.proto.desc.typeName : checker.shown(type);
    const of = wanted.proto.kind === "enum" ? wanted.proto.desc.typeName : typeName(wanted.type);
    return checker.complain("BFF310", shown, `"${name}" is of type ${of}, and this is ${is}`, fieldHint(is, of));
  }
  const range = protoRange(wanted.proto);
  const judged = checker.language.soundLiterals && value.kind === "constant";
  if (judged && range !== undefined && mayOverflow(value, wanted.proto)) {
    const holds = `"${name}", which holds ${range.low} to ${range.high}`;
    return checker.complain("BFF309", ast, `${value.value} does not fit into ${holds}`);
  }
  return optional ? { field, value, optional } : { field, value };
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function enumFits(checker: Checker, value: Node, proto: Proto): boolean {
  if (proto.kind !== "enum" || checker.language.openEnums) return true;
  return value.proto?.kind === "enum" && value.proto.desc.typeName === proto.desc.typeName;
}

/** Whether an integer may not fit into a field of 32 bits. */
function mayOverflow(value: Node, proto: Proto): boolean {
  if (value.type.kind === "null") return false;
  const wanted = protoRange(proto);
  if (wanted !== undefined && (proto.kind === "scalar" || value.proto?.kind !== "enum")) {
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
    return `convert it: ${of}(…)`;
  }
  return of === "string" && ["int", "uint", "double", "bool"].includes(is) ? "convert it: string(…)" : undefined;
}

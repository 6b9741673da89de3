import type { DescMessage } from "@bufbuild/protobuf";
import { didYouMean } from "../../diagnostic/diagnostic.ts";
import type { Ast, Span } from "../syntax/ast.ts";
import { celForm, formOf, narrows, protoForm } from "../types/forms/form.ts";
import { isJson, isSureJsonNode } from "../types/forms/pack.ts";
import { misfitKey, protoRange, rangeOf } from "../types/forms/range.ts";
import { sameProto } from "../types/forms/same-proto.ts";
import { isSureTime } from "../types/literals/time-literal.ts";
import { extensionNamed, NO_EXTENSIONS } from "../types/model/extension.ts";
import { fieldType, messageType } from "../types/model/field-type.ts";
import { candidates, resolveName } from "../types/model/names.ts";
import type { CelType, Node, Proto } from "../types/model/type.ts";
import { typeName, typeNameOfEnums } from "../types/model/type-name.ts";
import { orNull } from "../types/model/type-variables.ts";
import { type CelPlace, type Checker, nameList } from "./checker.ts";
import { optionalOf } from "./literal.ts";

type Literal = Ast & { kind: "message" };

/** `pkg.Type{field: value}`. */
export function checkMessage(checker: Checker, ast: Literal, place: CelPlace): Node | undefined {
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
  // An Any counts as its content, and the type of the content may be unknown.
  const opened = type.kind === "dyn" && type.any === true;
  const fails =
    opened ||
    !isSureTime(desc.typeName, sound) ||
    sound.some(({ field, value }) => {
      return value.fails || mayNotFit(checker, value, fieldType(field).proto);
    });
  // The value of a wrapper, a Struct or a similar message is CEL's own.
  const base = checker.base(ast, type, type.kind === "message" ? proto : undefined, fails);
  const node: Node = { ...base, kind: "message", desc, fields: sound };
  checker.expected.set(
    node,
    sound.map(({ field, optional }) => {
      const expected = withNulls(fieldType(field).type);
      return optional ? { kind: "optional", of: expected } : expected;
    }),
  );
  return node;
}

/**
 * Returns the accepted type of a field: null leaves a message unset, and is left out of a list or a map of messages.
 */
function withNulls(type: CelType): CelType {
  if (type.kind === "list") return { kind: "list", element: orNull(type.element) };
  return type.kind === "map" ? { ...type, value: orNull(type.value) } : orNull(type);
}

export function unknownMessage(checker: Checker, name: string, at: Span): undefined {
  const names = [...checker.registry].flatMap((found) => (found.kind === "message" ? [found.typeName] : []));
  const last = lastPart(name);
  const nearest = didYouMean(last, names.map(lastPart));
  const close = didYouMean(name, names) ?? names.find((other) => lastPart(other) === (nearest ?? last));
  const hint = close === undefined ? undefined : `did you mean "${close}"?`;
  return checker.complain("BFF311", at, `the message "${name}" is not part of this run`, hint);
}

type Field = (Node & { kind: "message" })["fields"][number];

function checkField(
  checker: Checker,
  desc: DescMessage,
  { name, at, value: ast, optional }: Literal["fields"][number],
  seen: Map<string, string>,
  place: CelPlace,
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
    const hint = close === undefined ? `choose one of its fields: ${nameList(names)}` : `did you mean "${close}"?`;
    return checker.complain("BFF303", at, `${desc.typeName} has no field "${name}"`, hint);
  }
  const slot = field.oneof?.name ?? field.name;
  const before = seen.get(slot);
  seen.set(slot, name);
  if (before !== undefined) {
    const what = before === name ? `"${name}" is set twice` : `"${name}" and "${before}" are members of one oneof`;
    return checker.complain("BFF312", at, what);
  }
  if (value === undefined) return undefined;
  const type = optional ? optionalOf(checker, checker.typeOf(value), ast) : checker.typeOf(value);
  if (type === undefined) return undefined;
  const expected = fieldType(field);
  // cel-go reports the place of the field, and this checker that of the value.
  const shown = { ...ast, ...(at.anchor === undefined ? {} : { anchor: at.anchor }) };
  const fits =
    checker.types.assignable(expected.type, type) && enumsFit(checker, checker.types.resolve(type), expected.type);
  if (!fits) {
    const actual = checker.types.resolve(type, true);
    const [is, of] = namesApart(actual, expected.type);
    const hint = fieldHint(actual, expected.type, name);
    return checker.complain("BFF310", shown, `"${name}" is of type ${of}, and this is ${is}`, hint);
  }
  const isLiteral = !optional && value.kind === expected.type.kind;
  if (!isLiteral && !checkContent(checker, type, name, shown)) return undefined;
  const range = protoRange(expected.proto);
  const isChecked = checker.language.soundLiterals && value.kind === "constant";
  if (isChecked && range !== undefined && mayNotFit(checker, value, expected.proto)) {
    const holds = `"${name}", whose range is ${range.low} to ${range.high}`;
    return checker.complain("BFF309", ast, `${value.value} does not fit into ${holds}`);
  }
  const key = expected.proto.kind === "map" && value.kind === "map" ? misfitKey(value, expected.proto.key) : undefined;
  if (checker.language.soundLiterals && key?.kind === "constant" && expected.proto.kind === "map") {
    const held = protoRange({ kind: "scalar", scalar: expected.proto.key });
    const holds = `the keys of "${name}", whose range is ${held?.low} to ${held?.high}`;
    return checker.complain("BFF309", checker.spanOf(key), `${key.value} does not fit into ${holds}`);
  }
  return optional ? { field, value, optional } : { field, value };
}

/** Reports a list or a map of nothing but null, which no field holds. Returns false after a diagnostic. */
function checkContent(checker: Checker, type: CelType, name: string, at: Span): boolean {
  const list = type.kind === "list" && type.element.kind === "null";
  const map = type.kind === "map" && type.value.kind === "null";
  if ((!list && !map) || !checker.language.soundLiterals) return true;
  checker.complain("BFF310", at, `"${name}" is given nothing but null`, `leave ${name} out`);
  return false;
}

/** Returns the names of two types. Enums are named for single values, or if the names would be equal. */
function namesApart(is: CelType, of: CelType): readonly [is: string, of: string] {
  const name = (type: CelType) =>
    type.kind === "int" && type.enum !== undefined ? type.enum.typeName : typeName(type);
  return name(is) === name(of) ? [typeNameOfEnums(is), typeNameOfEnums(of)] : [name(is), name(of)];
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** Returns true if required enums are given: as a single value, or in a list or a map. */
function enumsFit(checker: Checker, type: CelType, expected: CelType): boolean {
  if (checker.language.openEnums || type.kind === "param") return true;
  if (expected.kind === "int" && expected.enum !== undefined) {
    return type.kind === "null" || (type.kind === "int" && type.enum?.typeName === expected.enum.typeName);
  }
  if (expected.kind === "list") return type.kind !== "list" || enumsFit(checker, type.element, expected.element);
  return expected.kind !== "map" || type.kind !== "map" || enumsFit(checker, type.value, expected.value);
}

/** Returns true if setting a field can fail: an integer out of range, a dyn of another type, or a list without JSON. */
function mayNotFit(checker: Checker, value: Node, proto: Proto, element = false): boolean {
  const type = checker.typeOf(value);
  if (type.kind === "null" || (value.proto !== undefined && sameProto(value.proto, proto))) return false;
  if (proto.kind === "list" && value.kind === "list") {
    return value.elements.some((item) => mayNotFit(checker, item, proto.of, true));
  }
  if (proto.kind === "map" && value.kind === "map") {
    const key: Proto = { kind: "scalar", scalar: proto.key };
    return value.entries.some(
      ([name, item]) => mayNotFit(checker, name, key) || mayNotFit(checker, item, proto.of, true),
    );
  }
  if (isAny(proto)) return !isSurelyPacked(checker, value, type);
  if (isJson(proto)) return !isSureJsonNode(value, (part) => checker.typeOf(part));
  const range = protoRange(proto);
  const valueRange =
    range === undefined || (proto.kind === "enum" && value.proto?.kind === "enum") ? undefined : rangeOf(value);
  if (range !== undefined && valueRange !== undefined)
    return valueRange.low < range.low || valueRange.high > range.high;
  // An empty optional leaves the field unset.
  const form = type.kind === "optional" ? celForm(type.of) : formOf(type, value.proto);
  // Null does the same, but it is invalid in a list or after a `?`.
  const unset = form.kind === "nullable" && !element && type.kind !== "optional";
  return narrows(unset ? form.of : form, protoForm(proto));
}

function isAny(proto: Proto): boolean {
  if (proto.kind === "list" || proto.kind === "map") return isAny(proto.of);
  return proto.kind === "message" && proto.desc.typeName === "google.protobuf.Any";
}

/**
 * Returns true if an Any certainly accepts the value. Exceptions are values whose types are known only at run time, and
 * a list or a map without JSON.
 */
function isSurelyPacked(checker: Checker, value: Node, type: CelType): boolean {
  if (type.kind === "message" || type.kind === "wrapper") return true;
  return isSureJsonNode(value, (part) => checker.typeOf(part));
}

/**
 * By the type of a field, the types that the function of that name accepts. The author may have meant to convert one of
 * them.
 */
const CONVERSIONS: Readonly<Record<string, readonly string[]>> = {
  int: ["uint", "double", "string"],
  uint: ["int", "double", "string"],
  double: ["int", "uint", "string"],
  string: ["int", "uint", "double", "bool", "bytes", "timestamp", "duration"],
  bool: ["string"],
  bytes: ["string"],
  timestamp: ["string"],
  duration: ["string"],
};

/** Returns the correction of a value of type `is` for the field `name` of type `of`. */
function fieldHint(is: CelType, of: CelType, name: string): string | undefined {
  const fits = (left: CelType, right: CelType): boolean => typeNameOfEnums(left) === typeNameOfEnums(right);
  if (is.kind === "optional" && fits(is.of, of))
    return `write ?${name}: …, which leaves the field unset if the optional is empty`;
  if (of.kind === "list" && fits(is, of.element)) return "write [ … ] around it to make a list of one element";
  if (is.kind === "list" && fits(is.element, of)) return "take one element, such as …[0]";
  const expected = of.kind === "wrapper" ? of.of : of;
  if (CONVERSIONS[typeNameOfEnums(expected)]?.includes(typeName(is))) return `convert it: ${typeName(expected)}(…)`;
  if (of.kind !== "list") return literalOf(expected, "write");
  return literalOf(of.element, is.kind === "list" ? "write each element as" : "write a list, each element as");
}

/** Returns the literal of a type without conversions: `up.v1.Filter{…}` with its fields, or a value of an enum. */
function literalOf(type: CelType, write: string): string | undefined {
  if (type.kind === "int" && type.enum !== undefined) {
    const [first, second = first] = type.enum.values;
    return `${write} one of the values of the enum, such as ${type.enum.typeName}.${second?.name}`;
  }
  if (type.kind !== "message" || CONVERSIONS[typeName(type)] !== undefined) return undefined;
  const fields = type.desc.fields.map((field) => field.name);
  return `${write} ${typeName(type)}${fields.length === 0 ? "{}" : `{…}; its fields are ${nameList(fields)}`}`;
}

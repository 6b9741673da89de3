import type { DescExtension, DescField } from "@bufbuild/protobuf";
import { didYouMean } from "../../diagnostic/diagnostic.ts";
import { type Ast, dottedName, type Span } from "../syntax/ast.ts";
import { fit } from "../types/forms/fit.ts";
import { overloadsOf } from "../types/functions/signatures.ts";
import { ERROR_MEMBERS, errorMember, isError } from "../types/model/error-type.ts";
import { extensionNamed, NO_EXTENSIONS } from "../types/model/extension.ts";
import { enumType, fieldType } from "../types/model/field-type.ts";
import { resolveEnum, resolveName } from "../types/model/names.ts";
import type { CelType, FieldType, Node, Proto, Variable } from "../types/model/type.ts";
import { missingRead } from "./absence/missing-fields.ts";
import { openVariable, selectIfThere } from "./absence/open-names.ts";
import { type CelPlace, type Checker, nameList } from "./checker.ts";
import { noFieldsHint, unknownMemberHint, unknownNameHint } from "./name-hint.ts";
import { presenceHint } from "./presence-hint.ts";

const BOOL: CelType = { kind: "bool" };

const DYN: CelType = { kind: "dyn" };

const STRING: CelType = { kind: "string" };

/** Checks a name, or fields after a name. */
export function checkName(
  checker: Checker,
  ast: Ast & { kind: "ident" | "select" },
  place: CelPlace,
): Node | undefined {
  const dotted = dottedName(ast);
  const root = rootOf(ast);
  const local = root?.kind === "ident" && !root.absolute ? place.locals.get(root.name) : undefined;
  if (dotted === undefined || local !== undefined) {
    return ast.kind === "select"
      ? checkSelect(checker, ast, place, false)
      : local && readVariable(checker, local, ast, place);
  }
  // The longest name comes first (CEL spec, "Name Resolution"): a step `agent` does not hide agent.v1.Status.IDLE.
  const named = resolveName(dotted, checker.scope, checker.registry);
  switch (named?.kind) {
    case "variable":
      return readVariable(checker, named.variable, ast, place);
    case "enum": {
      const { type, proto } = enumType(named.desc);
      return { ...checker.base(ast, type, proto), kind: "enum", desc: named.desc, value: named.value };
    }
    case "type":
      return { ...checker.base(ast, { kind: "type", of: named.type }), kind: "typename", named: named.type };
  }
  if (ast.kind === "select" && (!checker.language.checked || beginsKnown(checker, dotted))) {
    return checkSelect(checker, ast, place, false);
  }
  if (!checker.language.checked) return unknownVariable(checker, ast, dotted);
  return unknownName(checker, ast, dotted, place);
}

/** Returns true if the first parts of a dotted name are a variable, so that the other parts are fields. */
function beginsKnown(checker: Checker, dotted: string): boolean {
  const dot = dotted.lastIndexOf(".");
  if (dot <= 0) return false;
  const before = dotted.slice(0, dot);
  return resolveName(before, checker.scope, checker.registry)?.kind === "variable" || beginsKnown(checker, before);
}

/** Returns true if neither a dotted name nor its beginning has a meaning. */
export function isUnknown(checker: Checker, dotted: string): boolean {
  return resolveName(dotted, checker.scope, checker.registry) === undefined && !beginsKnown(checker, dotted);
}

/** Returns a variable whose read is an error at run time. */
function unknownVariable(checker: Checker, at: Span, name: string): Node {
  const variable: Variable = { name, role: "unknown", type: DYN, proto: undefined, absent: false };
  return { ...checker.base(at, DYN, undefined, true), kind: "name", variable };
}

function readVariable(checker: Checker, variable: Variable, at: Span, place: CelPlace): Node | undefined {
  if (variable.type.kind === "struct") {
    const members = [...variable.type.members.keys()];
    const hint = members.length === 0 ? undefined : `name a member: ${nameList(members, `${variable.name}.`)}`;
    return checker.complain("BFF306", at, `"${variable.name}" is not a value by itself`, hint);
  }
  if (variable.role === "headers") {
    const hint = `read one header: ${variable.name}["x-request-id"]`;
    return checker.complain("BFF306", at, `"${variable.name}" is not a value by itself`, hint);
  }
  checker.read(variable, "value", at, place);
  // An Any may contain a message of an unknown type.
  const any = variable.type.kind === "dyn" && variable.type.any === true;
  return { ...checker.base(at, variable.type, variable.proto, any), kind: "name", variable };
}

/** Reports an unknown name, with its correction. */
export function unknownName(
  checker: Checker,
  ast: Ast & { kind: "ident" | "select" },
  dotted: string,
  place: CelPlace,
): undefined {
  const root = rootOf(ast);
  const first = root?.kind === "ident" ? root : ast;
  const dot = dotted.lastIndexOf(".");
  const desc = dot === -1 ? undefined : resolveEnum(dotted.slice(0, dot), checker.scope.container, checker.registry);
  if (desc !== undefined && ast.kind === "select") {
    const names = desc.values.map((value) => value.name);
    const close = didYouMean(ast.field, names);
    return checker.complain(
      "BFF302",
      ast.name,
      `the enum ${desc.typeName} has no value "${ast.field}"`,
      close === undefined ? `choose one of its values: ${nameList(names)}` : `did you mean "${close}"?`,
    );
  }
  if (first.kind === "ident" && overloadsOf(first.name).length > 0 && ast.kind === "ident") {
    return checker.complain("BFF306", first, `"${first.name}" is a function`, `call it: ${first.name}(…)`);
  }
  const name = first.kind === "ident" ? first.name : dotted;
  if (resolveEnum(dotted, checker.scope.container, checker.registry) !== undefined) {
    return checker.complain("BFF306", ast, `"${dotted}" is an enum and not a value`, "name one of its values");
  }
  const hint = unknownNameHint(checker, name, dotted, place);
  return checker.complain("BFF302", first, `"${name}" is not in scope here`, hint);
}

/** Checks a field, a member of a group, a key of a map, or (with `test`) the presence of one. */
export function checkSelect(
  checker: Checker,
  ast: Ast & { kind: "select" },
  place: CelPlace,
  test: boolean,
): Node | undefined {
  const group = checker.group(ast.of, place);
  // For an unknown member, no other form of access is suggested.
  const named = group?.type.kind === "struct" ? group.type.members.get(ast.field) : undefined;
  if (group !== undefined && ast.optional && (named !== undefined || group.role === "headers")) {
    const hint =
      named === undefined ? 'read it without .?: an absent header is ""' : presenceHint(group, named, ast.field);
    return checker.complain("BFF305", ast.name, `"${group.name}" is not a message, so it has no .?`, hint);
  }
  if (group?.role === "headers")
    return checkHeader(checker, { headers: group, name: constantNode(checker, ast.name, ast.field), test }, ast, place);
  if (group?.type.kind === "struct") {
    const member = group.type.members.get(ast.field);
    if (member === undefined) {
      const hint = unknownMemberHint(group, ast.field, [...group.type.members.keys()]);
      return checker.complain("BFF302", ast.name, `"${group.name}" has no "${ast.field}"`, hint);
    }
    if (test && member.presence !== undefined) {
      checker.read(member, "value", ast, place);
      return { ...checker.base(ast, BOOL), kind: "ok", variable: member, set: true };
    }
    if (test) {
      const message = `\`has\` tests a field of a message, and ${group.name}.${ast.field} is not a field`;
      return checker.complain("BFF313", ast, message, presenceHint(group, member, ast.field));
    }
    return readVariable(checker, member, ast, place);
  }
  const open = ast.optional ? openVariable(checker, ast.of, place) : undefined;
  if (open !== undefined)
    return selectIfThere(checker, { at: ast, of: ast.of }, open, place, (there) => {
      const value = checker.check(ast.of, there);
      return value && selectFrom(checker, value, ast, test, there);
    });
  // In `has(a.b.c)` and `a.b.?c`, `a.b` may be missing, too.
  const path = (test || ast.optional) && dottedName(ast.of) !== undefined;
  const of = checker.check(ast.of, path ? { ...place, tested: "has" } : place);
  return of && selectFrom(checker, of, ast, test, place);
}

/** Checks a field of a value. A field of an optional is again an optional, which is empty if the first one is. */
function selectFrom(
  checker: Checker,
  from: Node,
  ast: Ast & { kind: "select" },
  test: boolean,
  place: CelPlace,
): Node | undefined {
  const fromType = checker.typeOf(from);
  const of = fromType.kind === "message" ? fit(from, { kind: "message", desc: fromType.desc }) : from;
  const optional = ast.optional || fromType.kind === "optional";
  const type = fromType.kind === "optional" ? checker.types.resolve(fromType.of) : fromType;
  const select = (to: CelType, proto: Proto | undefined, fails: boolean, field: DescField | string): Node =>
    selected({ checker, ast, of, type, test, optional }, { type: to, proto }, fails, field);
  switch (type.kind) {
    case "message": {
      const time = TIMES.get(type.desc.typeName);
      if (time !== undefined) {
        if (!checker.language.checked) break;
        return checker.complain("BFF305", ast.name, `a ${time} has no field "${ast.field}"`, TIME_HINTS[time]);
      }
      const extension =
        checker.language.extensions && ast.quoted ? checker.registry.getExtension(ast.field) : undefined;
      if (extension !== undefined) return extensionOf(checker, of, extension, ast, test);
      const field = type.desc.fields.find((candidate) => candidate.name === ast.field);
      if (field === undefined) {
        if (!checker.language.checked) break;
        return unknownField(checker, ast, type.desc);
      }
      const value = fieldType(field);
      // An Any may contain a message of an unknown type.
      const any = value.type.kind === "dyn" && value.type.any === true;
      const node = select(value.type, value.proto, any, field);
      return optional ? node : { ...node, ...missingRead(checker, { of, field, ast, test }, place) };
    }
    case "opaque": {
      if (!isError(type)) break;
      const member = memberOf(checker, ast, test);
      return member && select(member.type, member.proto, false, ast.field);
    }
    case "map": {
      // An open type stays open, as in cel-go.
      if (type.key.kind !== "param" && !checker.types.assignable(STRING, type.key)) break;
      return select(type.value, of.proto?.kind === "map" ? of.proto.of : undefined, true, ast.field);
    }
    case "param":
      checker.types.assignable(DYN, type);
      return select(DYN, undefined, true, ast.field);
    case "dyn":
      return select(DYN, undefined, true, ast.field);
  }
  if (!checker.language.checked) {
    const base = checker.base(ast, test ? BOOL : DYN, undefined, true);
    return { ...base, kind: "select", of: checker.dynamic(of), field: ast.field, test };
  }
  return noFields(checker, fromType, type, ast, place);
}

interface Selection {
  readonly checker: Checker;
  readonly ast: Ast;
  readonly of: Node;
  /** The type that contains the field. */
  readonly type: CelType;
  readonly test: boolean;
  readonly optional: boolean;
}

function selected(
  { checker, ast, of, type, test, optional }: Selection,
  to: Omit<FieldType, "proto"> & { readonly proto: Proto | undefined },
  fails: boolean,
  field: DescField | string,
): Node {
  const node = { kind: "select", of, field, test } as const;
  if (!optional && !test) return { ...checker.base(ast, to.type, to.proto, of.fails || fails), ...node };
  // Selecting from an empty optional is no error, but selecting from a value without fields is.
  const sure = type.kind === "message" || type.kind === "map" || type.kind === "opaque";
  const base = checker.base(ast, test ? BOOL : { kind: "optional", of: to.type }, undefined, of.fails || !sure);
  return { ...base, ...node, ...(optional ? { optional } : {}) };
}

/** A member of an error; undefined after a diagnostic. */
function memberOf(checker: Checker, ast: Ast & { kind: "select" }, test: boolean): FieldType | undefined {
  if (test) {
    const hint = "test for a failure with failure(step).hasValue()";
    return checker.complain("BFF313", ast, "`has` tests a field of a message, and an error is not a message", hint);
  }
  const member = errorMember(ast.field, checker.registry);
  if (member !== undefined) return member;
  const close = didYouMean(ast.field, ERROR_MEMBERS);
  const hint =
    close === undefined ? `choose one of ${nameList(ERROR_MEMBERS)}, detail(pkg.Type)` : `did you mean "${close}"?`;
  return checker.complain("BFF302", ast.name, `an error has no "${ast.field}"`, hint);
}

function noFields(
  checker: Checker,
  fromType: CelType,
  type: CelType,
  ast: Ast & { kind: "select" },
  place: CelPlace,
): undefined {
  const hint = noFieldsHint(checker, type, ast, place);
  return checker.complain("BFF305", ast.name, `${checker.shown(fromType)} has no field "${ast.field}"`, hint);
}

const TIMES: ReadonlyMap<string, "timestamp" | "duration"> = new Map([
  ["google.protobuf.Timestamp", "timestamp"],
  ["google.protobuf.Duration", "duration"],
]);
const TIME_HINTS = {
  timestamp: "read a part with x.getSeconds(), or all seconds with int(x)",
  duration: "read the whole duration in one unit: x.getSeconds(), x.getMilliseconds()",
};

/** Returns a field that an extension adds to a message of proto2. */
export function extensionOf(
  checker: Checker,
  of: Node,
  extension: DescExtension,
  at: Span,
  test: boolean,
): Node | undefined {
  const type = checker.typeOf(of);
  if (type.kind === "message" && type.desc.typeName !== extension.extendee.typeName) {
    return checker.complain("BFF303", at, `${type.desc.typeName} has no extension "${extension.typeName}"`);
  }
  const value = fieldType(extension);
  const base = test ? checker.base(at, BOOL, undefined, of.fails) : checker.base(at, value.type, value.proto, of.fails);
  return { ...base, kind: "extension", of, extension, test };
}

function unknownField(
  checker: Checker,
  ast: Ast & { kind: "select" },
  desc: (CelType & { kind: "message" })["desc"],
): undefined {
  const oneof = desc.oneofs.find(({ name }) => name === ast.field);
  if (oneof !== undefined) {
    const members = nameList(oneof.fields.map((field) => field.name));
    const message = `"${ast.field}" is a oneof of ${desc.typeName}, not a field`;
    return checker.complain("BFF303", ast.name, message, `read one of its members: ${members}`);
  }
  if (extensionNamed(desc, ast.field) !== undefined) {
    const message = `"${ast.field}" is an extension of ${desc.typeName}, not a field of it`;
    return checker.complain("BFF303", ast.name, message, NO_EXTENSIONS);
  }
  const names = desc.fields.map((field) => field.name);
  const local = desc.fields.find((field) => field.localName === ast.field || field.jsonName === ast.field);
  const close = local?.name ?? didYouMean(ast.field, names);
  const known =
    names.length === 0 ? "leave it out: the message has no fields" : `choose one of its fields: ${nameList(names)}`;
  const hint = close === undefined ? known : `did you mean "${close}"?`;
  return checker.complain("BFF303", ast.name, `${desc.typeName} has no field "${ast.field}"`, hint);
}

/** Checks `headers["x"]`, or with `test` its presence. An absent header reads as "". */
export function checkHeader(
  checker: Checker,
  { headers, name, test }: { readonly headers: Variable; readonly name: Node; readonly test: boolean },
  at: Span,
  place: CelPlace,
): Node {
  checker.read(headers, "value", at, place);
  const variable: Node = { ...checker.base(at, headers.type), kind: "name", variable: headers };
  // Names of headers are in lower case, independent of the author's spelling.
  const lower =
    name.kind === "constant" && typeof name.value === "string" ? { ...name, value: name.value.toLowerCase() } : name;
  const base = checker.base(at, test ? BOOL : { kind: "string" }, undefined, name.fails);
  return { ...base, kind: "call", fn: "header", overload: test ? "has_header" : "header", args: [variable, lower] };
}

function constantNode(checker: Checker, at: Span, value: string): Node {
  return { ...checker.base(at, { kind: "string" }), kind: "constant", value };
}

export function rootOf(ast: Ast): Ast | undefined {
  return ast.kind === "select" ? rootOf(ast.of) : ast;
}

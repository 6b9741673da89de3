import { didYouMean } from "../diagnostic/did-you-mean.ts";
import type { Ast, Span } from "./ast.ts";
import type { Checker, Place } from "./checker.ts";
import type { Node } from "./expression.ts";
import { fieldType } from "./field-type.ts";
import { listed } from "./listed.ts";
import { resolveEnum, resolveName } from "./names.ts";
import { overloadsOf } from "./signatures.ts";
import type { CelType, Proto, Variable } from "./type.ts";
import { typeName } from "./type-name.ts";

const BOOL: CelType = { kind: "bool" };

const DYN: CelType = { kind: "dyn" };

/** A name, or fields behind one. */
export function checkName(checker: Checker, ast: Ast & { kind: "ident" | "select" }, place: Place): Node | undefined {
  const dotted = dottedName(ast);
  const root = rootOf(ast);
  const known = root?.kind === "ident" && !root.absolute && checker.variable(root.name, place) !== undefined;
  const local = root?.kind === "ident" && place.locals.has(root.name);
  const named =
    dotted === undefined || local ? undefined : resolveName(dotted, checker.scope.container, checker.registry);
  // A longer name comes first (CEL spec, "Name Resolution"): a step `agent` does not hide agent.v1.Status.IDLE.
  if (dotted !== undefined && (!known || (named?.kind === "enum" && ast.kind === "select"))) {
    if (named?.kind === "enum") {
      const proto: Proto = { kind: "enum", desc: named.desc };
      return { ...checker.base(ast, { kind: "int" }, proto), kind: "enum", desc: named.desc, value: named.value };
    }
    if (named?.kind === "type") {
      return { ...checker.base(ast, { kind: "type", of: named.type }), kind: "typename", named: named.type };
    }
    return unknownName(checker, ast, dotted, place);
  }
  if (ast.kind === "select") return checkSelect(checker, ast, place, false);
  const variable = checker.variable(ast.name, place);
  return variable && readVariable(checker, variable, ast, place);
}

function readVariable(checker: Checker, variable: Variable, at: Span, place: Place): Node | undefined {
  if (variable.type.kind === "struct") {
    const members = [...variable.type.members.keys()];
    const hint = members.length === 0 ? undefined : `Name a member: ${listed(members, `${variable.name}.`)}.`;
    return checker.complain("BFF306", at, `"${variable.name}" is not a value by itself`, hint);
  }
  if (variable.role === "headers") {
    const hint = `Index them: ${variable.name}["x-request-id"].`;
    return checker.complain("BFF306", at, `"${variable.name}" is not a value by itself`, hint);
  }
  checker.read(variable, "value", at, place);
  return { ...checker.base(at, variable.type, variable.proto), kind: "name", variable };
}

/** Says that a name means nothing, and what it may have been meant to be. */
export function unknownName(
  checker: Checker,
  ast: Ast & { kind: "ident" | "select" },
  dotted: string,
  place: Place,
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
      close === undefined ? `Its values: ${listed(names)}.` : `Did you mean "${close}"?`,
    );
  }
  if (first.kind === "ident" && overloadsOf(first.name).length > 0 && ast.kind === "ident") {
    return checker.complain("BFF306", first, `"${first.name}" is a function`, `Call it: ${first.name}(…).`);
  }
  const name = first.kind === "ident" ? first.name : dotted;
  if (resolveEnum(dotted, checker.scope.container, checker.registry) !== undefined) {
    return checker.complain("BFF306", ast, `"${dotted}" is an enum and not a value`, "Name one of its values.");
  }
  const names = [...place.locals.keys(), ...checker.scope.names()];
  const close = didYouMean(name, names);
  const code = dot === -1 && checker.registry.getEnum("bff.v1.Code")?.values.some((value) => value.name === name);
  const hint = code
    ? `Write bff.v1.Code.${name}.`
    : close === undefined
      ? names.length === 0
        ? undefined
        : `In scope: ${listed(names)}.`
      : `Did you mean "${close}"?`;
  return checker.complain("BFF302", first, `there is no "${name}" here`, hint);
}

/** A field, a member of a group, a key of a map, or (with `test`) whether it is there. */
export function checkSelect(
  checker: Checker,
  ast: Ast & { kind: "select" },
  place: Place,
  test: boolean,
): Node | undefined {
  const group = checker.group(ast.of, place);
  if (group?.role === "headers")
    return checkHeader(checker, group, constantNode(checker, ast.name, ast.field), ast, place, test);
  if (group?.type.kind === "struct") {
    const member = group.type.members.get(ast.field);
    if (member === undefined) {
      const names = [...group.type.members.keys()];
      const close = didYouMean(ast.field, names);
      const hint =
        close !== undefined ? `Did you mean "${close}"?` : names.length > 0 ? `There is ${listed(names)}.` : undefined;
      return checker.complain("BFF302", ast.name, `"${group.name}" has no "${ast.field}"`, hint);
    }
    if (test) {
      return checker.complain(
        "BFF313",
        ast,
        "`has` asks about a field",
        `Write ok(${group.name}.${ast.field}) to ask whether there is a value.`,
      );
    }
    return readVariable(checker, member, ast, place);
  }
  const of = checker.check(ast.of, place);
  if (of === undefined) return undefined;
  const type = of.type.kind === "optional" ? of.type.of : of.type;
  if (of.type.kind === "optional") {
    return checker.complain(
      "BFF307",
      ast.name,
      "selecting from an optional is not supported yet",
      "Use .value() or .orValue(…).",
    );
  }
  switch (type.kind) {
    case "message": {
      const field = type.desc.fields.find((candidate) => candidate.name === ast.field);
      if (field === undefined) return unknownField(checker, ast, type.desc);
      if (field.fieldKind === "scalar" && field.longAsString) {
        return checker.complain("BFF307", ast.name, "fields with jstype = JS_STRING are not supported yet");
      }
      const value = fieldType(field);
      const any = value.proto.kind === "message" && value.proto.desc.typeName === "google.protobuf.Any";
      const fails = of.fails || any;
      return test
        ? { ...checker.base(ast, BOOL, undefined, of.fails), kind: "select", of, field, test }
        : { ...checker.base(ast, value.type, value.proto, fails), kind: "select", of, field, test };
    }
    case "map": {
      const key = ["dyn", "string", "param"].includes(type.key.kind);
      if (!key) break;
      const proto = of.proto?.kind === "map" ? of.proto.of : undefined;
      return test
        ? { ...checker.base(ast, BOOL, undefined, of.fails), kind: "select", of, field: ast.field, test }
        : { ...checker.base(ast, type.value, proto, true), kind: "select", of, field: ast.field, test };
    }
    case "dyn":
      return { ...checker.base(ast, test ? BOOL : DYN, undefined, true), kind: "select", of, field: ast.field, test };
  }
  return checker.complain("BFF305", ast.name, `${typeName(of.type)} has no fields, so no "${ast.field}"`);
}

function unknownField(
  checker: Checker,
  ast: Ast & { kind: "select" },
  desc: (CelType & { kind: "message" })["desc"],
): undefined {
  const names = desc.fields.map((field) => field.name);
  const local = desc.fields.find((field) => field.localName === ast.field || field.jsonName === ast.field);
  const close = local?.name ?? didYouMean(ast.field, names);
  const hint =
    close !== undefined
      ? `Did you mean "${close}"?`
      : names.length === 0
        ? "It has no fields."
        : `Its fields: ${listed(names)}.`;
  return checker.complain("BFF303", ast.name, `${desc.typeName} has no field "${ast.field}"`, hint);
}

/** `headers["x"]`, or with `test` whether it is there: an absent header reads as "". */
export function checkHeader(
  checker: Checker,
  headers: Variable,
  name: Node,
  at: Span,
  place: Place,
  test: boolean,
): Node {
  checker.read(headers, "value", at, place);
  const variable: Node = { ...checker.base(at, headers.type), kind: "name", variable: headers };
  // Names of headers are in lower case whatever the author writes.
  const lower =
    name.kind === "constant" && typeof name.value === "string" ? { ...name, value: name.value.toLowerCase() } : name;
  const base = checker.base(at, test ? BOOL : { kind: "string" }, undefined, name.fails);
  return { ...base, kind: "call", fn: "header", overload: test ? "has_header" : "header", args: [variable, lower] };
}

function constantNode(checker: Checker, at: Span, value: string): Node {
  return { ...checker.base(at, { kind: "string" }), kind: "constant", value };
}

/** `a.b.c` when it is names and dots only; a leading dot is kept. */
export function dottedName(ast: Ast): string | undefined {
  if (ast.kind === "ident") return ast.absolute ? `.${ast.name}` : ast.name;
  if (ast.kind !== "select") return undefined;
  const of = dottedName(ast.of);
  return of === undefined ? undefined : `${of}.${ast.field}`;
}

export function rootOf(ast: Ast): Ast | undefined {
  return ast.kind === "select" ? rootOf(ast.of) : ast;
}

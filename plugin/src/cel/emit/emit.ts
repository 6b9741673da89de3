import type { DescField } from "@bufbuild/protobuf";
import { childrenOf } from "../types/facts/children.ts";
import { expressionOfGaps } from "../types/facts/places.ts";
import { convertible } from "../types/forms/convertible.ts";
import { celForm, type Form, formOf, isNullableMessage, narrows, protoForm, sameForm } from "../types/forms/form.ts";
import { fieldType } from "../types/model/field-type.ts";
import type { CelType, Expression, Node, Proto, Variable } from "../types/model/type.ts";
import { emitGapOf } from "./control/missing.ts";
import { print } from "./dispatch.ts";
import { Emitter } from "./emitter/emitter.ts";
import { emitElements, emitOptional } from "./messages/elements.ts";
import { coerce, ifSet, packed } from "./pieces/coerce.ts";
import { atom, type Code, LEVEL, type Names, operand, type Piece } from "./pieces/piece.ts";

/** Prints CEL's value. No value is unset: an unset message reads as its default, an unset wrapper as null. */
export function emitValue(expression: Expression, names: Names): Code {
  const { root, type } = expression;
  const emitter = new Emitter(names, new Set(), root, print, expression.strict);
  const natural = emitter.value(root);
  const nullable = natural.nullable || natural.form.kind === "nullable";
  const proto = nullable || !isPrintedAs(natural.form, expression.proto) ? undefined : expression.proto;
  const value = coerce(natural, formOf(type, proto), names);
  return { ...codeOf(value, type, proto, root.fails), as: (to) => asProto(root, emitter, to) };
}

/**
 * Prints the value of a field path, or `undefined` if a part of the path is unset or its variable is absent. Only for
 * `expression.path`.
 */
export function emitPath(expression: Expression, names: Names): Code {
  const { root, type } = expression;
  const emitter = new Emitter(names, new Set(expression.unsafe), root, print);
  const value = emitter.path(root);
  const as = (to: Proto): Code | undefined => {
    if (!convertible(type, root.proto, to)) return undefined;
    const form = protoForm(to);
    const plain = { ...value, form: value.form.kind === "nullable" ? value.form.of : value.form };
    if (form.kind === "any" && type.kind === "message")
      return codeOf(packed(value, type.desc, names), type, to, root.fails);
    const converted = value.maybe ? ifSet(plain, form, names) : coerce(plain, form, names);
    return codeOf(converted, type, to, root.fails || narrows(plain.form, form));
  };
  return { ...codeOf(value, type, expression.proto, root.fails), as };
}

/**
 * Prints a field of a message in a variable, in the field's own form: `undefined` if it is unset, or with `set` its
 * default.
 */
export function emitField(of: Variable, field: DescField, set: boolean, names: Names): Code | undefined {
  const { type, proto } = fieldType(field);
  const base = { at: { file: "", line: 0, column: 0, endLine: 0, endColumn: 0 }, fails: false };
  const name: Node = { ...base, kind: "name", variable: of, type: of.type, proto: of.proto };
  const root: Node = { ...base, kind: "select", of: name, field, test: false, type, proto };
  const emitter = new Emitter(names, new Set(), root, print);
  if (set) return asProto(root, emitter, proto);
  const read = emitter.path(root);
  return codeOf(read, type, proto, false);
}

/** Prints a test that a field of a composed message is missing, or is not: a variable of the role "field". */
export function emitGap(variable: Variable, names: Names, missing: boolean): Code["print"] {
  const root = expressionOfGaps(variable);
  const read = root === undefined ? [] : variablesIn(root);
  const absent = new Set(
    [variable.missing?.root, ...read].filter((name) => name?.absent).flatMap((name) => name ?? []),
  );
  const emitter = new Emitter(names, absent, root ?? NO_NODE, print);
  const test = emitGapOf(emitter, variable);
  return missing ? [...operand(test, LEVEL.or)] : ["!", ...operand(test, LEVEL.unary)];
}
const NO_NODE: Node = {
  at: { file: "", line: 0, column: 0, endLine: 0, endColumn: 0 },
  fails: false,
  kind: "constant",
  value: false,
  type: { kind: "bool" },
  proto: undefined,
};
const variablesIn = (node: Node): readonly Variable[] =>
  node.kind === "name" ? [node.variable] : childrenOf(node).flatMap(variablesIn);

function isPrintedAs(form: Form, proto: Proto | undefined): boolean {
  // The path opens boxes, so the printed value is no longer the message.
  return proto === undefined || protoForm(proto).kind === form.kind;
}

function codeOf(value: Piece, type: CelType, proto: Proto | undefined, fails: boolean): Code {
  const precedence = precedenceOf(value);
  return { print: [...value.print], type, proto, precedence, mayBeUndefined: value.maybe, fails };
}

function precedenceOf({ level }: Piece): Code["precedence"] {
  if (level >= LEVEL.atom) return "atom";
  if (level === LEVEL.unary) return "unary";
  if (level >= LEVEL.and) return "and";
  return level > LEVEL.conditional ? "binary" : "conditional";
}

/** Prints the value in exactly the representation `to`. Null and optional.none() become undefined. */
function asProto(root: Node, emitter: Emitter, to: Proto): Code | undefined {
  const { type, proto } = root;
  const form = protoForm(to);
  if (type.kind === "null") return codeOf({ ...atom("undefined"), maybe: true }, type, to, false);
  if (root.kind === "call" && root.overload === "optional_none") {
    return codeOf({ ...atom("undefined"), maybe: true }, type, to, false);
  }
  if (type.kind === "optional") {
    if (!convertible(type.of, undefined, to)) return undefined;
    return codeOf(
      { ...emitOptional(emitter, root, to, true), maybe: true },
      type.of,
      to,
      root.fails || narrows(celForm(type.of), form),
    );
  }
  if (!convertible(type, proto, to, root)) return undefined;
  // A message around a value stays a message.
  const raw = form.kind === "boxed" || form.kind === "json" || form.kind === "any" ? emitter.raw(root) : undefined;
  if (raw !== undefined && sameForm(raw.form, form)) return codeOf(raw, type, to, root.fails);
  const natural = emitter.value(root);
  // A null value leaves its target unset.
  const content = natural.form.kind === "nullable" ? natural.form.of : natural.form;
  const fails = root.fails || narrows(content, form);
  const nullable = type.kind === "wrapper" || natural.nullable || isNullableMessage(type);
  if (nullable) return codeOf(emitter.unset(root, form), type, to, fails);
  return codeOf(emitElements(emitter, root, to), type, to, fails);
}

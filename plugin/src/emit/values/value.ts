// Bound values: an expression, its conversion, and the replacement of an absent value.

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import {
  type Code,
  type Expression,
  emitAs,
  emitPath,
  emitValue,
  fieldType,
  isFixed,
  literalsOf,
  type Names,
  type Node,
  type Proto,
  presenceOf,
} from "../../cel/index.ts";
import {
  type BoundExpression,
  type Conversion,
  canBeAbsent,
  type FieldCopy,
  isRequired,
} from "../../model/conversion.ts";
import { protoOf } from "../../model/proto-of.ts";
import type { Reader } from "../../plan/model/messages.ts";
import type { FileNames } from "../names/file-names.ts";
import type { Line } from "../text/lines.ts";
import { absentTest, joinedBy, presentTest } from "./absence.ts";
import { emitAsField } from "./convert-field.ts";

export interface ValueCode {
  readonly print: Line;
  readonly mayBeUndefined: boolean;
}

export interface ValueNames extends Names {
  readonly file: FileNames;
  /** Returns the condition under which a part of the message reads an answer; undefined: it always does. */
  readonly readIf?: (reader: Reader) => string | undefined;
}

/** The value of an absent collection, by kind of field. */
const EMPTY: Readonly<Partial<Record<DescField["fieldKind"], string>>> = { list: "[]", map: "{}" };

/** Returns a value for a field, with the field's replacement of an absent value. */
export function fieldValue(bound: BoundExpression, field: DescField, names: ValueNames): ValueCode {
  const { expression, conversion, copy } = bound;
  if (copy !== undefined) return copiedValue(fieldValue({ expression, conversion }, copy.from, names), copy, names);
  const canMiss = canBeAbsent(field);
  const absent = EMPTY[field.fieldKind] ?? "undefined";
  if (canMiss && expression.path && (expression.mayBeUnset || expression.unsafe.length > 0)) {
    const { print, mayBeUndefined } = converted(emitPath(expression, names), conversion, names, fieldType(field).proto);
    if (absent === "undefined" || !mayBeUndefined) return { print, mayBeUndefined };
    return { print: [...print, " ?? ", absent], mayBeUndefined: false };
  }
  const code = converted(emitValue(expression, names), conversion, names, fieldType(field).proto);
  const print = code.mayBeUndefined && absent !== "undefined" ? [...parenthesised(code), " ?? ", absent] : code.print;
  return unlessAbsent(
    expression,
    { print, mayBeUndefined: code.mayBeUndefined && absent === "undefined" },
    absent,
    names,
  );
}

/** Returns a field's value as another field that copies it. */
function copiedValue({ print, mayBeUndefined: maybe }: ValueCode, copy: FieldCopy, names: ValueNames): ValueCode {
  const { from, to, conversion, fallback } = copy;
  const implicit = presenceOf(to) === "implicit" || isRequired(to);
  const isArgument = conversion.kind === "message" || conversion.kind === "enum";
  const isAtom = /^[\w$.[\]?]*$/.test(print.filter((part) => typeof part === "string").join(""));
  const read = isAtom || (isArgument && !(implicit && maybe)) ? print : ["(", ...print, ")"];
  const value = emitAsField(read, { maybe, implicit, type: fieldType(from), to, conversion }, names.file);
  if (fallback === undefined || !maybe) return { print: value, mayBeUndefined: maybe && !implicit };
  const inner = conversion.kind === "same" ? read : value;
  return { print: [...inner, " ?? ", ...presentOperand(fallback, names)], mayBeUndefined: false };
}

/** A value in a definite form, `undefined` when it is absent. */
export function plainValue(expression: Expression, proto: Proto | undefined, names: ValueNames): ValueCode {
  const code = emitValue(expression, names);
  return plain(expression, (proto && emitAs(code, proto, names)) ?? code, names);
}

/** Returns the value of a path in a definite form, `undefined` when it is unset. */
export function pathValue(expression: Expression, proto: Proto | undefined, names: ValueNames): ValueCode {
  const code = emitPath(expression, names);
  return (proto && emitAs(code, proto, names)) ?? code;
}

/** Returns the same value for a place where TypeScript infers its type. */
export function inferredValue(expression: Expression, proto: Proto | undefined, names: ValueNames): ValueCode {
  const code = emitValue(expression, names);
  return plain(expression, typed(expression, (proto && emitAs(code, proto, names)) ?? code, names), names);
}

function typed(expression: Expression, code: Code, names: ValueNames): Code {
  const type = literalType(expression, code.proto, names);
  if (type === undefined) return code;
  return { ...code, print: [...parenthesised(code), " as ", type], precedence: "binary" };
}

function plain(expression: Expression, { print, mayBeUndefined }: Code, names: ValueNames): ValueCode {
  const [variable] = expression.unsafe;
  // A value that may be absent stays unchanged.
  if (variable?.missing === undefined && variable && print.length === 1 && print[0] === names.variable(variable))
    return { print, mayBeUndefined: true };
  return unlessAbsent(expression, { print, mayBeUndefined }, "undefined", names);
}

/** Returns the same value, in parentheses if a member is read from it. */
export function operandValue(expression: Expression, names: ValueNames): Line {
  const code = emitValue(expression, names);
  const form = expression.proto ?? protoOf(expression.type);
  const exact = (form && emitAs(code, form, names)) ?? code;
  return parenthesised(exact);
}

/** Returns the same for a bound value outside of fields. */
export function boundValue({ expression, conversion }: BoundExpression, names: ValueNames): ValueCode {
  const { print, mayBeUndefined } = conversionOf({ expression, conversion }, names);
  return unlessAbsent(expression, { print, mayBeUndefined }, "undefined", names);
}

/** Returns the value alone: the caller has ensured that nothing it reads is absent. */
export function presentValue(bound: BoundExpression, names: ValueNames): Line {
  return conversionOf(bound, names).print;
}

/** Returns true if the value needs no parentheses before `??`. */
export function isOperand(expression: Expression, names: ValueNames): boolean {
  return expression.unsafe.length === 0 && emitValue(expression, names).precedence === "atom";
}

/** Returns the same value as an operand of `??`, which allows no `||`, `&&` or `?:` beside it. */
export function presentOperand(bound: BoundExpression, names: ValueNames): Line {
  return parenthesised(conversionOf(bound, names));
}

/** Returns the same value for a place where TypeScript infers its type. */
export function inferredPresent(bound: BoundExpression, names: ValueNames): Line {
  return typed(bound.expression, conversionOf(bound, names), names).print;
}

/** A condition as an operand of `&&`, `!` or `?`. */
export function condition(expression: Expression, names: ValueNames): Line {
  const guards = expression.unsafe.flatMap((variable): Line => [...presentTest(variable, names), " && "]);
  const code = emitValue(expression, names);
  const print = undecided(code.print);
  return guards.length === 0 ? print : [...guards, ...(weak(code) ? ["(", ...print, ")"] : print)];
}
/** Prints a known condition so that TypeScript cannot decide it: TypeScript narrows nothing in unreachable code. */
function undecided(print: Line): Line {
  return print.length === 1 && (print[0] === "true" || print[0] === "false") ? ["Boolean(", ...print, ")"] : print;
}
/** Returns true if a condition needs no test, because its result is certain at this place. */
export function alwaysHolds(expression: Expression, names: ValueNames): boolean {
  const { print } = emitValue(expression, names);
  return expression.constant === undefined && print.length === 1 && print[0] === "true";
}
/** A condition as an operand of `&&`. */
export function conjunct(expression: Expression, names: ValueNames): Line {
  const code = emitValue(expression, names);
  return expression.unsafe.length === 0 && weak(code) ? ["(", ...code.print, ")"] : condition(expression, names);
}
/** Returns true if the code needs parentheses beside `&&`. */
const weak = ({ precedence }: Code): boolean => precedence === "binary" || precedence === "conditional";

/** A condition before `?`. */
export function tested(expression: Expression, names: ValueNames): Line {
  const conditional = expression.unsafe.length === 0 && emitValue(expression, names).precedence === "conditional";
  return conditional ? ["(", ...condition(expression, names), ")"] : condition(expression, names);
}
export function negated(expression: Expression, names: ValueNames): Line {
  if (expression.unsafe.length > 0) return ["!(", ...condition(expression, names), ")"];
  return undecided(emitValue({ ...expression, root: not(expression.root) }, names).print);
}

/** Returns the negation as an operand of `&&`: after two negations it may be an `||`. */
export function negatedConjunct(expression: Expression, names: ValueNames): Line {
  const twice = expression.root.kind === "call" && expression.root.overload === "logical_not";
  const print = negated(expression, names);
  const [inner] = expression.root.kind === "call" ? expression.root.args : [];
  if (!twice || expression.unsafe.length > 0 || inner === undefined) return print;
  return weak(emitValue({ ...expression, root: inner }, names)) ? ["(", ...print, ")"] : print;
}

function not(root: Node): Node {
  const [inner] = root.kind === "call" && root.overload === "logical_not" ? root.args : [];
  return inner ?? { ...root, kind: "call", fn: "!_", overload: "logical_not", args: [root] };
}

function unlessAbsent(expression: Expression, value: ValueCode, absent: string, names: ValueNames): ValueCode {
  if (expression.unsafe.length === 0) return value;
  const missing = joinedBy(
    " || ",
    expression.unsafe.map((variable) => absentTest(variable, names)),
  );
  return { print: [...missing, ` ? ${absent} : `, ...value.print], mayBeUndefined: absent === "undefined" };
}

const parenthesised = (code: Pick<Code, "print" | "precedence">): Line =>
  code.precedence === "atom" ? code.print : ["(", ...code.print, ")"];

/**
 * Returns a value that is bound outside of fields. A value that may be null has no form by itself, and must be unset
 * there.
 */
function conversionOf({ expression, conversion }: BoundExpression, names: ValueNames): Code {
  const code = emitValue(expression, names);
  const nullable = expression.type.kind === "wrapper" && code.proto === undefined;
  return converted(code, conversion, names, nullable ? expression.proto : code.proto);
}

/** The code after its conversion. */
function converted(code: Code, conversion: Conversion, names: ValueNames, to: Proto | undefined = code.proto): Code {
  switch (conversion.kind) {
    case "same":
      // Opens optionals, and turns null into undefined.
      return to === undefined ? code : (emitAs(code, to, names) ?? code);
    case "represent":
      return emitAs(code, conversion.as, names) ?? code;
    case "message":
    case "enum": {
      const convert = names.file.conversion(conversion.via);
      // Opens optionals, and turns null into undefined: an absent value is not converted.
      const { print, ...opened } = emitAs(code, elementOf(conversion), names) ?? code;
      if (opened.mayBeUndefined) return call([names.runtime("unlessUnset"), "(", ...print, ", ", convert, ")"], opened);
      return call([convert, "(", ...print, ")"], opened);
    }
    case "list":
    case "map": {
      const convert = elementConversion(conversion.of, names);
      if (conversion.kind === "map") {
        // A map that CEL makes is a `Map`.
        const from: Proto | undefined = to?.kind === "map" ? { ...to, of: elementOf(conversion.of) } : undefined;
        const { print, ...opened } = (from && emitAs(code, from, names)) ?? code;
        const values = names.runtime("mapValues");
        if (!opened.mayBeUndefined) return call([values, "(", ...print, ", ", ...convert, ")"], opened);
        return call(
          [names.runtime("unlessUnset"), "(", ...print, ", (map) => ", values, "(map, ", ...convert, "))"],
          opened,
        );
      }
      // `usage?.items` continues as `usage?.items.map(…)` would in one expression.
      const opened = emitAs(code, { kind: "list", of: elementOf(conversion.of) }, names) ?? code;
      return call([...parenthesised(opened), opened.mayBeUndefined ? "?.map(" : ".map(", ...convert, ")"], opened);
    }
  }
}
function elementOf(conversion: Conversion): Proto {
  if (conversion.kind === "message") return { kind: "message", desc: conversion.via.from };
  if (conversion.kind === "enum") return { kind: "enum", desc: conversion.via.from };
  throw new Error(`no conversion of elements is a ${conversion.kind}`);
}
function elementConversion(conversion: Conversion, names: ValueNames): Line {
  if (conversion.kind === "message" || conversion.kind === "enum") return [names.file.conversion(conversion.via)];
  throw new Error(`no conversion of elements is a ${conversion.kind}`);
}
function call(print: Line, { type, mayBeUndefined }: Pick<Code, "type" | "mayBeUndefined">): Code {
  return { print: [...print], type, proto: undefined, precedence: "atom", mayBeUndefined };
}

const { INT64, UINT64, FIXED64, SFIXED64, SINT64 } = ScalarType;
const LONG: ReadonlySet<ScalarType> = new Set([INT64, UINT64, FIXED64, SFIXED64, SINT64]);

/**
 * Returns the type of a value in the form `proto` that can only be a literal. Returns undefined for any other value,
 * and for a literal without such a type. TypeScript would infer a type of that literal alone, and refuse to compare it
 * with other literals.
 */
function literalType({ root }: Expression, proto: Proto | undefined, names: Names): Printable | undefined {
  const [literal] = literalsOf(root);
  if (literal === undefined || !isFixed(root)) return undefined;
  // An enum in an optional is an integer, which is converted.
  if (literal.kind === "enum") return proto?.kind === "enum" ? names.shape(proto.desc) : undefined;
  if (typeof literal.value === "object") return undefined;
  if (typeof literal.value !== "bigint") return typeof literal.value;
  if (proto?.kind === "scalar" && !LONG.has(proto.scalar)) return "number";
  return proto?.kind === "scalar" && proto.text === true ? "string" : "bigint";
}

import { mentions } from "../../types/facts/mentions.ts";
import {
  celForm,
  entryForm,
  type Form,
  generic,
  mayBeNull,
  PLAIN,
  protoForm,
  sameForm,
} from "../../types/forms/form.ts";
import { isError } from "../../types/model/error-type.ts";
import type { CallNode, Node } from "../../types/model/type.ts";
import { emitMacro } from "../control/macro.ts";
import { emitArms } from "../emitter/arms.ts";
import { castInner } from "../emitter/cast.ts";
import { contradictedDefault } from "../emitter/contradiction.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { returned } from "../emitter/literals.ts";
import { coerce, ifSet } from "../pieces/coerce.ts";
import {
  arrow,
  asserted,
  atom,
  binary,
  isNothing,
  LEVEL,
  lambdaOf,
  method,
  operand,
  type Piece,
  piece,
  property,
  runtime,
  types,
} from "../pieces/piece.ts";
import { shapeOf } from "../pieces/shape.ts";
import { emitMember } from "./error-member.ts";
import { maybe, opened, readField } from "./optional-field.ts";

/** Prints the content of an optional, or `undefined`. */
function optionalInner(emitter: Emitter, node: Node): Piece {
  const known = knownInner(emitter, node);
  if (known !== undefined) return known;
  // An optional without a type is always empty.
  if (isOpen(node) && !node.fails) return maybe(atom("undefined"));
  return maybe(property(emitter.value(node), "inner", boxedForm(node)));
}

/** Returns true for an optional without a type, which is always empty. */
export function isOpen({ type }: Node): boolean {
  return type.kind === "optional" && type.of.kind === "param";
}

/** Prints the content of an optional in a certain form, or `undefined`. */
export function optionalAs(emitter: Emitter, node: Node, form: Form): Piece {
  if (node.kind === "call") {
    const [first, second, third] = node.args;
    if (node.overload === "optional_none") return { ...maybe(atom("undefined")), form };
    if (node.overload === "optional_of" && first !== undefined) {
      return isOpen(node) ? { ...emitter.value(first), form } : emitter.as(first, form);
    }
    if (node.overload === "conditional" && first !== undefined && second !== undefined && third !== undefined) {
      const branches = [first, second, third] as const;
      const { value, arms } = emitArms(emitter, branches, form, (branch) => optionalAs(emitter, branch, form));
      if (arms.length === 1) return value;
      if (!arms.every(isNothing)) return { ...value, maybe: arms.some((arm) => arm.maybe) };
      return first.fails ? typedNothing(emitter, node, value, form) : maybe({ ...atom("undefined"), form });
    }
  }
  const inner = optionalInner(emitter, node);
  // An optional without a type is always empty, but its evaluation may fail.
  if (isOpen(node)) return maybe({ ...inner, form });
  return inner.maybe ? ifSet(inner, form, emitter.names) : coerce(inner, form, emitter.names);
}

/** Prints the optional as a value. */
export function emitOptional(emitter: Emitter, node: Node): Piece | undefined {
  if (knownInner(emitter, node) === undefined) return undefined;
  const { names } = emitter;
  const inner = optionalAs(emitter, node, boxedForm(node));
  if (!isNothing(inner)) return runtime(names, "optionalOf", [inner]);
  return atom(names.runtime("optionalNone"), "<", ...innerShape(emitter, node, boxedForm(node)), ">()");
}

function innerShape({ names }: Emitter, { type }: Node, form: Form): Piece["print"] {
  return shapeOf(type.kind === "optional" ? type.of : type, form, names);
}

/**
 * Prints an optional that is empty after its evaluation, with the type of its content. TypeScript rejects `undefined as
 * T ?? other`.
 */
function typedNothing(emitter: Emitter, node: Node, value: Piece, form = innerForm(node)): Piece {
  const print = [
    emitter.names.runtime("optionalOf"),
    "<",
    ...innerShape(emitter, node, form),
    ">(",
    ...value.print,
    ").inner",
  ];
  return maybe(piece(print, form));
}

function innerForm(node: Node): Form {
  return node.type.kind === "optional" ? celForm(node.type.of) : PLAIN;
}

/**
 * Returns the form of an optional's content. It is that of a dyn, because the optional may become one without a
 * conversion of its content.
 */
function boxedForm(node: Node): Form {
  return generic(innerForm(node));
}

/** Returns undefined if the node is not known to create an optional of another value. */
function knownInner(emitter: Emitter, node: Node): Piece | undefined {
  if (node.kind === "select" && node.optional === true && !node.test) return selectInner(emitter, node);
  if (node.kind === "macro" && (node.macro === "optMap" || node.macro === "optFlatMap")) return mapInner(emitter, node);
  if (node.kind === "macro" && node.macro === "first") return maybe(emitMacro(emitter, node));
  if (node.kind === "name" && node.variable.role === "failure")
    return maybe(atom(emitter.names.variable(node.variable)));
  if (node.kind === "name" && node.variable.role === "resume")
    return maybe(piece([emitter.names.variable(node.variable)], innerForm(node)));
  return node.kind === "call" ? innerOfCall(emitter, node) : undefined;
}

function innerOfCall(emitter: Emitter, node: CallNode): Piece | undefined {
  const [first, second] = node.args;
  switch (node.overload) {
    case "optional_none":
      return maybe(atom("undefined"));
    case "optional_of":
      return first && emitter.value(first);
    case "optional_of_non_zero":
      return first && maybe(nonZero(emitter, first));
    case "optional_or":
      return first && second && orInner(emitter, node, first, second);
    case "list_first":
      return first && elementInner(emitter, first, "0");
    case "list_last":
      return first && elementInner(emitter, first, "-1");
    case "enum_from":
      return first && enumInner(emitter, node, first, "enumFrom");
    case "enum_parse":
      return first && enumInner(emitter, node, first, "enumParse");
    case "regex_extract_string_string": {
      const operands = node.args.map((arg) => emitter.value(arg));
      return maybe(runtime(emitter.names, "extract", operands));
    }
    case "money_sum":
      return first && maybe(runtime(emitter.names, "sumMoney", [emitter.as(first, celForm(first.type))]));
    case "conditional":
      return optionalAs(emitter, node, innerForm(node));
    case "cast":
      return first && castOptional(emitter, node, first);
    case "optional_index":
      return first && second && indexInner(emitter, first, second);
    case "error_detail":
      return first && second && detailInner(emitter, first, second);
    default:
      return undefined;
  }
}

/** `a.or(b)` */
function orInner(emitter: Emitter, node: CallNode, first: Node, second: Node): Piece {
  emitter.hide(contradictedDefault(first, second, emitter.aliases));
  const form = innerForm(node);
  const other = optionalAs(emitter, second, form);
  const nullable = mayBeNull(node.type.kind === "optional" ? node.type.of : node.type);
  return orElse(emitter, optionalInner(emitter, first), other, form, nullable);
}

function elementInner(emitter: Emitter, of: Node, index: "0" | "-1"): Piece {
  const list = emitter.value(of);
  return maybe(method(list, "at", [atom(index)], entryForm(list.form) ?? PLAIN));
}

function enumInner(emitter: Emitter, node: CallNode, of: Node, fn: "enumFrom" | "enumParse"): Piece | undefined {
  const { names } = emitter;
  const desc = node.type.kind === "optional" && node.type.of.kind === "int" ? node.type.of.enum : undefined;
  if (desc === undefined) return undefined;
  return maybe(runtime(names, fn, [atom(names.schema(desc)), emitter.value(of)], protoForm({ kind: "enum", desc })));
}

/** `error.detail(T)` */
function detailInner(emitter: Emitter, of: Node, type: Node): Piece | undefined {
  if (type.kind !== "typename" || type.named.kind !== "message") return undefined;
  const error = baseOf(emitter, of);
  const schema = emitter.names.schema(type.named.desc);
  return maybe(atom(...operand(error, LEVEL.atom), error.maybe ? "?." : ".", "detail(", schema, ")"));
}

/** Prints the value, or `undefined` if it is the zero of its type. */
function nonZero(emitter: Emitter, node: Node): Piece {
  const { names } = emitter;
  const form = celForm(node.type);
  const value = emitter.as(node, form);
  if (node.type.kind === "message") {
    return runtime(names, "nonZeroMessage", [value, atom(names.schema(node.type.desc))], form);
  }
  const any = node.type.kind === "dyn" && names.registry !== undefined;
  return runtime(names, "nonZero", any ? [value, types(names)] : [value], form);
}

/** Prints the content of an optional after a cast of its content type. Undefined if one of the types is no optional. */
function castOptional(emitter: Emitter, node: Node, first: Node): Piece | undefined {
  if (first.type.kind !== "optional" || node.type.kind !== "optional") return undefined;
  return castInner(emitter, optionalAs(emitter, first, celForm(first.type.of)), first.type.of, node.type.of);
}

function ifSetAs(value: Piece, form: Form, emitter: Emitter): Piece {
  return value.maybe ? ifSet(value, form, emitter.names) : coerce(value, form, emitter.names);
}

/** Prints `value ?? other`. `??` would treat a null of CEL as absent. */
function orElse(emitter: Emitter, value: Piece, other: Piece, form: Form, nullable: boolean): Piece {
  const first = form.kind === "small" ? { ...value, form } : ifSetAs(value, form, emitter);
  if (!first.maybe || isNothing(other)) return first;
  if (isNothing(first)) return other;
  if (!nullable) return { ...binary(first, "??", other, LEVEL.nullish, form), maybe: other.maybe };
  return { ...runtime(emitter.names, "orElse", [first, arrow("", other)], form), maybe: other.maybe };
}

/** `optional.orValue(other)`. */
export function emitOrValue(emitter: Emitter, node: CallNode, first: Node, second: Node): Piece {
  emitter.hide(contradictedDefault(first, second, emitter.aliases));
  const inner = optionalInner(emitter, first);
  const of = first.type.kind === "optional" ? first.type.of : first.type;
  // A wrapper field that is set has a value.
  const wrapper = of.kind === "wrapper" && first.kind === "select" && typeof first.field !== "string";
  const nullable = mayBeNull(of) && !wrapper;
  // Two small integers stay small.
  const natural = emitter.value(second);
  const small =
    inner.form.kind === "small" && natural.form.kind === "small" ? union(inner.form, natural.form) : undefined;
  const form = small ?? celForm(node.type);
  return orElse(emitter, inner, emitter.as(second, form), form, nullable);
}

function union(a: Form & { kind: "small" }, b: Form & { kind: "small" }): Form {
  if (sameForm(b, a)) return a;
  return { kind: "small", low: Math.min(a.low, b.low), high: Math.max(a.high, b.high), unsigned: a.unsigned === true };
}

/** `optional.value()`. */
export function emitOptionalValue(emitter: Emitter, node: CallNode, first: Node): Piece {
  const inner = optionalInner(emitter, first);
  if (!inner.maybe) return inner;
  const { names } = emitter;
  const form = celForm(node.type);
  const value = ifSetAs(inner, form, emitter);
  if (!isNothing(value)) {
    return piece([names.runtime("optionalValue"), isOpen(first) ? "<never>(" : "(", ...value.print, ")"], form);
  }
  const type = first.type.kind === "optional" && first.type.of.kind === "param" ? first.type.of : node.type;
  return piece([names.runtime("optionalValue"), "<", ...shapeOf(type, form, names), ">(undefined)"], form);
}

export function emitHasValue(emitter: Emitter, first: Node): Piece {
  const inner = optionalInner(emitter, first);
  if (!inner.maybe && !first.fails) return atom("true");
  if (isNothing(inner)) return atom("false");
  // The value is printed because it may fail. TypeScript would otherwise infer that it is always present.
  if (!inner.maybe)
    return binary(
      property(runtime(emitter.names, "optionalOf", [inner]), "inner"),
      "!==",
      atom("undefined"),
      LEVEL.equality,
    );
  return binary(inner, "!==", atom("undefined"), LEVEL.equality);
}

/** `optional.optMap(x, …)` and `optFlatMap`. */
function mapInner(emitter: Emitter, node: Node & { kind: "macro" }): Piece | undefined {
  const [variable] = node.vars;
  const [body] = node.args;
  if (variable === undefined || body === undefined) return undefined;
  const value = optionalAs(emitter, node.range, innerForm(node.range));
  if (isNothing(value)) return value;
  const local = emitter.local(variable);
  const name = mentions(body, variable) > 0 ? local : "";
  const inner = emitter.inside(() =>
    node.macro === "optMap" ? emitter.as(body, celForm(body.type)) : optionalAs(emitter, body, innerForm(node)),
  );
  if (isNothing(inner) && !node.range.fails) return inner;
  const typed = returned(inner, body, emitter.aliases.bound, emitter.names);
  const result = isNothing(inner) ? typedNothing(emitter, node, inner) : typed;
  return maybe(runtime(emitter.names, "unlessUnset", [value, lambdaOf(name, result)], innerForm(node)));
}

/** `of` may be an optional or any other value. */
function baseOf(emitter: Emitter, of: Node): Piece {
  return of.type.kind === "optional" ? optionalInner(emitter, of) : { ...emitter.raw(of) };
}

/** `a.?b`. */
function selectInner(emitter: Emitter, node: Node & { kind: "select" }): Piece {
  const { names } = emitter;
  const { of, field } = node;
  if (typeof field !== "string") {
    const read = readField(emitter, baseOf(emitter, of), field, true);
    if (!emitter.hides(node)) return read;
    const { print } = asserted(read, [...innerShape(emitter, node, read.form), " | undefined"]);
    return { ...read, print: ["(", ...print, ")"], level: LEVEL.atom };
  }
  const base = of.type.kind === "optional" ? optionalInner(emitter, of) : emitter.value(of);
  if (isError(of.type.kind === "optional" ? of.type.of : of.type)) return maybe(emitMember(base, node));
  const any = (of.type.kind === "optional" ? of.type.of : of.type).kind === "dyn";
  const messages = any && names.registry !== undefined ? types(names) : undefined;
  const fn = any ? "findField" : "find";
  return within(emitter, base, (value) => lookUp(emitter, value, atom(JSON.stringify(field)), fn, messages));
}

/** `a[?i]`. */
function indexInner(emitter: Emitter, of: Node, index: Node): Piece {
  const base = of.type.kind === "optional" ? optionalInner(emitter, of) : emitter.value(of);
  return within(emitter, base, (value) => {
    if (value.form.kind === "list") return lookUp(emitter, value, emitPosition(emitter, index), "find");
    const key = value.form.kind === "map" ? emitter.key(index) : emitter.value(index);
    return lookUp(emitter, value, value.form.kind === "plain" ? coerce(key, PLAIN, emitter.names) : key, "find");
  });
}

/** Prints an index into a list, which may be a dyn with an integer of any type. */
export function emitPosition(emitter: Emitter, index: Node): Piece {
  const dyn = dynIndex(index);
  return dyn === undefined ? emitter.value(index) : runtime(emitter.names, "position", [emitter.as(dyn, PLAIN)]);
}

/** Returns an index that is a dyn, or was one before its cast. */
function dynIndex(index: Node): Node | undefined {
  if (index.kind === "call" && index.overload === "cast") return index.args[0];
  return index.type.kind === "dyn" ? index : undefined;
}

function lookUp(emitter: Emitter, container: Piece, key: Piece, fn: "find" | "findField", messages?: Piece): Piece {
  const { names } = emitter;
  const of = entryForm(container.form);
  switch (container.form.kind) {
    case "list":
      return maybe(runtime(names, "elementAt", [container, key], of));
    case "record":
    case "map":
      return maybe(runtime(names, "valueAt", [container, key], of));
    default:
      return maybe(runtime(names, fn, messages === undefined ? [container, key] : [container, key, messages]));
  }
}

/** Prints the result of `read` for a value, if the value is present. */
function within(emitter: Emitter, base: Piece, read: (value: Piece) => Piece): Piece {
  if (!base.maybe) return opened(emitter, read(base));
  if (isNothing(base)) return base;
  const name = emitter.name("it", "#it");
  const body = opened(emitter, read(piece([name], base.form)));
  return maybe(runtime(emitter.names, "unlessUnset", [base, arrow(name, body)], body.form));
}

/** `has(a.?b)`. */
export function emitOptionalTest(emitter: Emitter, node: Node & { kind: "select" }): Piece {
  return binary(selectInner(emitter, node), "!==", atom("undefined"), LEVEL.equality);
}

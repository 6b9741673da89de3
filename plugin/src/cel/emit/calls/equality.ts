import { messagesInside } from "../../types/facts/held-types.ts";
import { sameConstant, staticType } from "../../types/facts/same-value.ts";
import { BIG, hasBoxes, PLAIN } from "../../types/forms/form.ts";
import type { CelType, Node } from "../../types/model/type.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { isPrintedFixed, widened } from "../emitter/literals.ts";
import { coerce } from "../pieces/coerce.ts";
import { atom, binary, fits, LEVEL, negated, type Piece, piece, property, runtime, types } from "../pieces/piece.ts";
import { withoutBoxes } from "./function.ts";
import { asDouble } from "./operator.ts";

const SIMPLE: ReadonlySet<string> = new Set(["bool", "string", "null"]);

/** `a == b` or, with `equal` false, `a != b`. */
export function emitEquality(emitter: Emitter, first: Node, second: Node, equal: boolean): Piece {
  const constant = sameConstant(first, second);
  if (constant !== undefined) return atom(String(constant === equal));
  const bool = emitBool(emitter, first, second, equal) ?? emitBool(emitter, second, first, equal);
  if (bool !== undefined) return bool;
  const sign = equal ? "===" : "!==";
  const simple =
    emitNull(emitter, first, second, sign) ??
    emitNull(emitter, second, first, sign) ??
    emitEnum(emitter, first, second, sign) ??
    emitEnum(emitter, second, first, sign) ??
    emitPlain(emitter, first, second, sign);
  if (simple !== undefined) return simple;
  // Both sides need one form if one of them may have any type.
  const dynamic = first.type.kind === "dyn" || second.type.kind === "dyn";
  const sides = [first, second].map((side) => (dynamic ? emitter.as(side, PLAIN) : withoutBoxes(emitter, side)));
  const known = mayHoldAny(first.type) && mayHoldAny(second.type) ? anyTypes(emitter) : [];
  const call = runtime(emitter.names, "equal", [...sides, ...known]);
  return equal ? call : piece(["!", ...call.print], call.form, LEVEL.unary);
}

/**
 * Prints a comparison of a bool with a literal without `===`, because TypeScript would reject it after narrowing the
 * bool.
 */
function emitBool(emitter: Emitter, first: Node, second: Node, equal: boolean): Piece | undefined {
  if (first.type.kind !== "bool" || second.kind !== "constant" || typeof second.value !== "boolean") return undefined;
  const value = emitter.value(first);
  return second.value === equal ? value : negated(value);
}

/** `wrapper == null`: an unset wrapper field is `undefined`. */
function emitNull(emitter: Emitter, first: Node, second: Node, sign: string): Piece | undefined {
  if (second.type.kind !== "null" || second.kind !== "constant") return undefined;
  if (first.type.kind !== "wrapper") return undefined;
  const raw = emitter.raw(first);
  return raw.maybe
    ? binary(raw, sign, atom("undefined"), LEVEL.equality)
    : binary(emitter.value(first), sign, atom("null"), LEVEL.equality);
}

/** Prints a comparison of an enum with an integer that one of its values has. */
function emitEnum(emitter: Emitter, first: Node, second: Node, sign: string): Piece | undefined {
  if (first.proto?.kind !== "enum") return undefined;
  const { desc } = first.proto;
  const printed = emitter.value(first);
  const value = asNumber(printed);
  if (second.kind === "constant" && typeof second.value === "bigint") {
    const named = desc.values.find((candidate) => BigInt(candidate.number) === second.value);
    // TypeScript would reject a comparison with a number that no value has.
    if (named === undefined) {
      const number = emitter.value(second);
      const any = number.form.kind === "big" ? coerce(printed, BIG, emitter.names) : asDouble(printed);
      return binary(any, sign, number, LEVEL.equality);
    }
    const name = atom(emitter.names.shape(desc), `.${named.localName}`);
    return binary(widened(value, first, emitter.aliases.bound, emitter.names), sign, name, LEVEL.equality);
  }
  if (second.proto?.kind === "enum" && second.proto.desc.typeName === desc.typeName) {
    if (first.kind === "enum" && second.kind === "enum") return undefined;
    return compared(emitter, first, second, sign, [value, asNumber(emitter.value(second))]);
  }
  if (second.proto?.kind === "enum") {
    return runtime(emitter.names, sign === "===" ? "equal" : "unequal", [value, emitter.value(second)]);
  }
  return undefined;
}

/** A bigint as a number. An enum's value is a bigint as an element of a computed list of integers. */
function asNumber(value: Piece): Piece {
  return value.form.kind === "big" ? asDouble(value) : value;
}

function emitPlain(emitter: Emitter, first: Node, second: Node, sign: string): Piece | undefined {
  const { names } = emitter;
  const wrapper = [first, second].some((side) => side.type.kind === "wrapper");
  if (wrapper) return emitWrapper(emitter, first, second, sign) ?? emitWrapper(emitter, second, first, sign);
  const kinds = [first.type.kind, second.type.kind];
  const [firstKind = "", secondKind = ""] = kinds;
  if (first.kind === "enum" && second.kind === "enum") return undefined;
  if (firstKind === secondKind && SIMPLE.has(firstKind)) return compared(emitter, first, second, sign);
  if (firstKind === "type" && secondKind === "type") {
    return binary(nameOf(emitter, first), sign, nameOf(emitter, second), LEVEL.equality);
  }
  const numbers = kinds.every((kind) => kind === "int" || kind === "uint" || kind === "double");
  if (!numbers) return undefined;
  let a = emitter.value(first);
  let b = emitter.value(second);
  if (a.form.kind === "big" || b.form.kind === "big") {
    // As in cel-go, an integer is compared with a double as a double.
    const doubles = firstKind === "double" || secondKind === "double";
    a = doubles ? asNumber(a) : coerce(a, BIG, names);
    b = doubles ? asNumber(b) : coerce(b, BIG, names);
  }
  return compared(emitter, first, second, sign, [a, b]);
}

/**
 * Prints a comparison. If both sides are literals, one is widened to its type, because TypeScript would reject a
 * comparison of different literals.
 */
function compared(
  emitter: Emitter,
  first: Node,
  second: Node,
  sign: string,
  [a, b] = [emitter.value(first), emitter.value(second)],
): Piece {
  const { bound } = emitter.aliases;
  const left = isPrintedFixed(b, second, bound) ? widened(a, first, bound, emitter.names) : a;
  return binary(left, sign, b, LEVEL.equality);
}

/**
 * Prints a comparison of a wrapper field with a value of its type. An unset one is `undefined`, which equals no value.
 */
function emitWrapper(emitter: Emitter, first: Node, second: Node, sign: string): Piece | undefined {
  if (first.type.kind !== "wrapper" || second.type.kind !== first.type.of.kind) return undefined;
  const raw = emitter.strict ? emitter.value(first) : emitter.raw(first);
  const form = raw.form.kind === "nullable" ? raw.form.of : raw.form;
  const value = emitter.value(second);
  if (
    hasBoxes(raw.form) ||
    second.type.kind === "bytes" ||
    (value.form.kind !== form.kind && value.literal === undefined) ||
    !fits(value, form)
  )
    return undefined;
  const other = value.literal === undefined ? value : coerce(value, form, emitter.names);
  return compared(emitter, first, second, sign, [raw, other]);
}

/** The name of a type. */
function nameOf(emitter: Emitter, node: Node): Piece {
  const known = staticType(node);
  if (known !== undefined) return atom(JSON.stringify(known));
  if (node.kind === "call" && node.overload === "type" && node.args[0] !== undefined) {
    return runtime(emitter.names, "typeName", [emitter.as(node.args[0], PLAIN)]);
  }
  return property(emitter.value(node), "name");
}

function anyTypes(emitter: Emitter): readonly Piece[] {
  return emitter.names.registry === undefined ? [] : [types(emitter.names)];
}

/** Returns true if a value may contain a google.protobuf.Any. */
const mayHoldAny = (type: CelType): boolean =>
  type.kind === "dyn" || messagesInside(type).some(({ typeName }) => typeName === "google.protobuf.Any");

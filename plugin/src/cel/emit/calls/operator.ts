// Arithmetic, order and membership.

import { BIG, entryForm, type Form, PLAIN, protoForm, smallFormOf, UNSIGNED } from "../../types/forms/form.ts";
import { isSafeDivisor, rangeOf } from "../../types/forms/range.ts";
import type { CallNode, Node } from "../../types/model/type.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { coerce } from "../pieces/coerce.ts";
import { atom, binary, fits, LEVEL, method, type Piece, piece, runtime } from "../pieces/piece.ts";
import { withoutBoxes } from "./function.ts";

const OPERATORS: Readonly<Record<string, { readonly sign: string; readonly level: number }>> = {
  add: { sign: "+", level: LEVEL.additive },
  subtract: { sign: "-", level: LEVEL.additive },
  multiply: { sign: "*", level: LEVEL.multiplicative },
  divide: { sign: "/", level: LEVEL.multiplicative },
  modulo: { sign: "%", level: LEVEL.multiplicative },
  less: { sign: "<", level: LEVEL.relational },
  less_equals: { sign: "<=", level: LEVEL.relational },
  greater: { sign: ">", level: LEVEL.relational },
  greater_equals: { sign: ">=", level: LEVEL.relational },
};

/** `+ - * / %` of numbers. */
export function emitArithmetic(emitter: Emitter, node: CallNode, first: Node, second: Node): Piece {
  const [operator = "", type = ""] = node.overload.split("_");
  const { sign, level } = OPERATORS[operator] ?? { sign: "+", level: LEVEL.additive };
  const a = emitter.value(first);
  const b = emitter.value(second);
  const big = type === "uint64" ? UNSIGNED : BIG;
  if (type === "double") return binary(a, sign, b, level);
  if (rangeOf(node) !== undefined && a.form.kind === "small" && b.form.kind === "small") {
    const exact = binary(a, sign, b, level, smallFormOf(node));
    return operator === "divide" ? piece(["Math.trunc(", ...exact.print, ")"], exact.form) : exact;
  }
  if (isSafeDivisor(node.overload, second)) {
    return binary(coerce(a, big, emitter.names), sign, coerce(b, big, emitter.names), level, big);
  }
  const name = `${operator}${type === "int64" ? "Int" : "Uint"}`;
  return runtime(emitter.names, name, [coerce(a, big, emitter.names), coerce(b, big, emitter.names)], big);
}

/** `< <= > >=`. */
export function emitOrder(emitter: Emitter, operator: string, type: string, first: Node, second: Node): Piece {
  const { names } = emitter;
  const { sign } = OPERATORS[operator] ?? { sign: "<" };
  const compared = (name: string, form?: Form): Piece => {
    const pieces = [first, second].map((side) => (form === undefined ? emitter.value(side) : emitter.as(side, form)));
    return binary(runtime(names, name, pieces), sign, atom("0"), LEVEL.relational);
  };
  if (first.type.kind === "null" || second.type.kind === "null") return compared("compare", PLAIN);
  switch (type) {
    case "timestamp":
    case "duration":
      return compared("compareTime");
    case "bytes":
      return compared("compareBytes");
    case "dyn":
      return compared("compare", PLAIN);
    case "string":
      if (!isBasic(first) && !isBasic(second)) return compared("compareText");
      break;
    case "bool":
      return binary(
        atom("Number(", ...emitter.value(first).print, ")"),
        sign,
        atom("Number(", ...emitter.value(second).print, ")"),
        LEVEL.relational,
      );
  }
  let a = emitter.value(first);
  let b = emitter.value(second);
  // As in cel-go an integer is compared with a double as a double.
  if (first.type.kind === "double" && b.form.kind === "big") b = asDouble(b);
  if (second.type.kind === "double" && a.form.kind === "big") a = asDouble(a);
  // A literal takes the form of the other operand. For other operands, JavaScript compares bigint and number exactly.
  if (a.literal !== undefined && b.form.kind === "big") a = coerce(a, BIG, names);
  if (b.literal !== undefined && a.form.kind === "big") b = coerce(b, BIG, names);
  return binary(a, sign, b, LEVEL.relational);
}

/** A 64-bit integer as the nearest double. */
export function asDouble(value: Piece): Piece {
  return atom("Number(", ...value.print, ")");
}

/**
 * CEL orders strings by code point, JavaScript by UTF-16 code unit. They agree if one side has no code unit from U+D800
 * upwards.
 */
function isBasic(node: Node): boolean {
  return node.kind === "constant" && typeof node.value === "string" && !/[\ud800-\uffff]/.test(node.value);
}

/** A literal list of small integers in which a small integer is looked for: all of them stay numbers. */
function smallList(emitter: Emitter, item: Node, list: Node): Piece | undefined {
  if (list.kind !== "list" || list.proto !== undefined) return undefined;
  const ranges = [item, ...list.elements].map(rangeOf).filter((range) => range !== undefined);
  if (ranges.length <= list.elements.length) return undefined;
  const low = Math.min(...ranges.map((range) => range.low));
  const high = Math.max(...ranges.map((range) => range.high));
  return emitter.as(list, { kind: "list", of: { kind: "small", low, high } });
}

/** `x in list`. */
export function emitIn(emitter: Emitter, item: Node, list: Node): Piece {
  const { names } = emitter;
  if (list.kind === "list" && list.elements.length === 0 && !item.fails) return atom("false");
  const enumerated = list.proto?.kind === "list" && list.proto.of.kind === "enum" ? list.proto.of : undefined;
  const range =
    smallList(emitter, item, list) ??
    (list.kind === "list" && enumerated !== undefined
      ? emitter.list(list, protoForm(enumerated), true)
      : withoutBoxes(emitter, list));
  const value = withoutBoxes(emitter, item);
  const of = entryForm(range.form);
  const element = list.type.kind === "list" ? list.type.element.kind : "dyn";
  const same = item.type.kind === element;
  const plain =
    element === "string" ||
    element === "bool" ||
    ((element === "int" || element === "uint") && enumerated === undefined);
  if (
    same &&
    plain &&
    of !== undefined &&
    // TypeScript takes nothing but values of an enum among those.
    (of.kind !== "small" || of.enum === undefined) &&
    (of.kind === value.form.kind || value.literal !== undefined) &&
    fits(value, of)
  ) {
    return method(range, "includes", [value.literal === undefined ? value : coerce(value, of, names)]);
  }
  return runtime(names, "isIn", [value, range]);
}

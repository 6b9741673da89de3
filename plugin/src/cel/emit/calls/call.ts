import { childrenOf } from "../../types/facts/children.ts";
import { staticType } from "../../types/facts/same-value.ts";
import { BIG, celForm, entryForm, type Form, formOf, generic, PLAIN, smallFormOf } from "../../types/forms/form.ts";
import { rangeOf } from "../../types/forms/range.ts";
import type { CallNode, Node } from "../../types/model/type.ts";
import { emitLogic } from "../control/logic.ts";
import { emitCast } from "../emitter/cast.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { countedResult, measureOperand } from "../emitter/steps.ts";
import { emitHasValue, emitOptionalValue, emitOrValue, emitPosition } from "../optionals/optional.ts";
import { coerce, unbox } from "../pieces/coerce.ts";
import { atom, binary, commas, LEVEL, method, operand, type Piece, piece, property, runtime } from "../pieces/piece.ts";
import { shapeOf } from "../pieces/shape.ts";
import { emitDynamic } from "./dynamic.ts";
import { emitEquality } from "./equality.ts";
import { emitFunction } from "./function.ts";
import { asDouble, emitArithmetic, emitIn, emitOrder } from "./operator.ts";

export function emitCall(emitter: Emitter, node: CallNode): Piece {
  measureOperand(emitter, node);
  return countedResult(emitter, node, uncounted(emitter, node));
}

function uncounted(emitter: Emitter, node: CallNode): Piece {
  const { names } = emitter;
  const { overload, args } = node;
  const [first, second] = args;
  if (overload === "dynamic") return emitDynamic(emitter, node);
  if (first === undefined) return emitFunction(emitter, node);
  if (second !== undefined && /^(add|subtract|multiply|divide|modulo)_(int64|uint64|double)$/.test(overload))
    return emitArithmetic(emitter, node, first, second);
  const order = /^(less|less_equals|greater|greater_equals)_([a-z]+)$/.exec(overload);
  if (order !== null && second !== undefined) return emitOrder(emitter, order[1] ?? "", order[2] ?? "", first, second);
  switch (overload) {
    case "logical_not":
    case "logical_and":
    case "logical_or":
    case "conditional":
      return emitLogic(emitter, node);
    case "equals":
    case "not_equals":
      return emitEquality(emitter, first, second ?? first, overload === "equals");
    case "negate_int64": {
      if (rangeOf(node) === undefined) return runtime(names, "negateInt", [emitter.as(first, BIG)], BIG);
      return piece(["-", ...operand(emitter.value(first), LEVEL.atom)], smallFormOf(node), LEVEL.unary);
    }
    case "negate_double":
      return piece(["-", ...operand(emitter.value(first), LEVEL.atom)], PLAIN, LEVEL.unary);
    case "same":
    case "to_dyn":
      return overload === "same" ? emitter.value(first) : emitter.as(first, PLAIN);
    case "type": {
      const known = staticType(node);
      return known === undefined
        ? runtime(names, "typeOf", [emitter.as(first, PLAIN)])
        : runtime(names, "typeNamed", [atom(JSON.stringify(known))]);
    }
    case "cast":
      return emitCast(emitter, node, first);
    case "unwrap": {
      const raw = emitter.raw(first);
      // In a list or a map a wrapper always contains a value.
      if (raw.form.kind === "boxed" && !raw.maybe) return emitter.value(first);
      const form = raw.form.kind === "nullable" ? raw.form.of : celForm(node.type);
      return runtime(names, "required", [raw.form.kind === "nullable" ? raw : emitter.value(first)], form);
    }
    case "header":
    case "has_header": {
      const header = method(emitter.raw(first), "header", second === undefined ? [] : [emitter.value(second)]);
      return overload === "header" ? header : binary(header, "!==", atom('""'), LEVEL.equality);
    }
  }
  return COLLECTION[overload]?.(emitter, node, first, second ?? first) ?? emitFunction(emitter, node);
}

/** @param second the first operand again if there is only one */
type Printer = (emitter: Emitter, node: CallNode, first: Node, second: Node) => Piece | undefined;

/** Overloads without a function of the runtime, or with one that accepts operands in any form. */
const COLLECTION: Readonly<Record<string, Printer>> = {
  add_string: (emitter, _, first, second) => binary(emitter.value(first), "+", emitter.value(second), LEVEL.additive),
  add_list: emitAddedLists,
  add_duration_timestamp: (emitter, _, first, second) =>
    runtime(emitter.names, "addToTimestamp", [emitter.value(second), emitter.value(first)]),
  in_list: (emitter, _, first, second) => emitIn(emitter, first, second),
  in_map: emitInMap,
  index_list: emitElement,
  index_map: emitEntry,
  size_list: emitLength,
  size_bytes: emitLength,
  size_map: emitMapSize,
  int64_to_double: emitIntToDouble,
  uint64_to_double: emitIntToDouble,
  uint64_to_int64: emitSmallConversion,
  int64_to_uint64: emitSmallConversion,
  bool_to_string: emitString,
  int64_to_string: emitString,
  uint64_to_string: emitString,
  contains: (emitter, _, first, second) => method(emitter.value(first), "includes", [emitter.value(second)]),
  starts_with: (emitter, _, first, second) => method(emitter.value(first), "startsWith", [emitter.value(second)]),
  ends_with: (emitter, _, first, second) => method(emitter.value(first), "endsWith", [emitter.value(second)]),
  optional_has_value: (emitter, _, first) => emitHasValue(emitter, first),
  optional_value: emitOptionalValue,
  optional_or_value: emitOrValue,
  optional_unwrap: emitUnwrapped,
};

function emitAddedLists(emitter: Emitter, node: CallNode): Piece {
  const form = formOf(node.type, node.proto);
  const parts = flattenLists(node).flatMap((side) => {
    if (side.kind !== "list") return [atom("...", ...emitter.as(side, form).print)];
    const { print, level } = emitter.list(side, form.kind === "list" ? form.of : PLAIN);
    // An empty list is left out.
    return level < LEVEL.atom ? [] : [atom(...print.slice(1, -1))];
  });
  return parts.length === 0 ? emptyList(emitter, node, form) : piece(["[", ...commas(parts), "]"], form);
}

function emitInMap(emitter: Emitter, _: CallNode, first: Node, second: Node): Piece {
  const { names } = emitter;
  const map = emitter.value(second);
  const key = emitter.value(first);
  const alike = second.type.kind === "map" && second.type.key.kind === first.type.kind && first.type.kind !== "dyn";
  if (alike && map.form.kind === "record") return hasKey(map, key, first.type.kind === "bool");
  if (alike && map.form.kind === "map") return method(map, "has", [coerce(key, map.form.key, names)]);
  return map.form.kind === "map" || map.form.kind === "record"
    ? runtime(names, "hasKey", [map, coerce(key, PLAIN, names)])
    : runtime(names, "isIn", [coerce(key, PLAIN, names), map]);
}

/** `list[i]` */
function emitElement(emitter: Emitter, _: CallNode, first: Node, second: Node): Piece {
  const { names } = emitter;
  const list = emitter.value(first);
  const of = entryForm(list.form) ?? PLAIN;
  return unbox(runtime(names, "at", [list, emitPosition(emitter, second)], of), names);
}

/** `map[key]` */
function emitEntry(emitter: Emitter, _: CallNode, first: Node, second: Node): Piece {
  const { names } = emitter;
  const map = emitter.value(first);
  const key = emitter.value(second);
  const of = entryForm(map.form) ?? PLAIN;
  if (map.form.kind !== "map" && map.form.kind !== "record")
    return runtime(names, "index", [map, coerce(key, PLAIN, names)]);
  return unbox(runtime(names, "entry", [map, mapKey(emitter, key, map.form)], of), names);
}

function emitLength(emitter: Emitter, node: CallNode, first: Node): Piece {
  return property(emitter.value(first), "length", smallFormOf(node));
}

function emitMapSize(emitter: Emitter, node: CallNode, first: Node): Piece {
  const map = emitter.value(first);
  return map.form.kind === "map"
    ? property(map, "size", smallFormOf(node))
    : piece(["Object.keys(", ...map.print, ").length"], smallFormOf(node));
}

function emitIntToDouble(emitter: Emitter, _: CallNode, first: Node): Piece {
  const value = emitter.value(first);
  if (value.form.kind !== "small") return asDouble(value);
  const double = { ...value, form: PLAIN, literal: undefined };
  return mayBeNegativeZero(first) ? binary(double, "+", atom("0"), LEVEL.additive) : double;
}

/** An integer whose range fits both types stays unchanged. */
function emitSmallConversion(emitter: Emitter, node: CallNode, first: Node): Piece | undefined {
  const value = emitter.value(first);
  return rangeOf(node) !== undefined && value.form.kind === "small" ? { ...value, form: smallFormOf(node) } : undefined;
}

function emitString(emitter: Emitter, _: CallNode, first: Node): Piece {
  return atom("String(", ...emitter.value(first).print, ")");
}

function emitUnwrapped(emitter: Emitter, node: CallNode, first: Node): Piece {
  const { names } = emitter;
  const form = celForm(node.type);
  return coerce(runtime(names, "unwrapped", [emitter.value(first)], generic(form)), form, names);
}

function mapKey(emitter: Emitter, key: Piece, map: Form): Piece {
  if (map.kind === "map") return coerce(key, map.key, emitter.names);
  return key;
}

/** Returns true if an integer that is a `number` may be -0, which no CEL integer is: `-1 * 0`. */
function mayBeNegativeZero(node: Node): boolean {
  const signed = node.kind === "call" && /^(multiply|divide|modulo|negate)_int64$/.test(node.overload);
  return signed || childrenOf(node).some(mayBeNegativeZero);
}

/** Prints `[]` with its type, if nothing else determines its element type. */
function emptyList(emitter: Emitter, node: Node, form: Form): Piece {
  return piece(["[] as ", ...shapeOf(node.type, form, emitter.names)], form, LEVEL.relational);
}

/** The operands of a chain of `+` between lists. */
function flattenLists(node: Node): readonly Node[] {
  return node.kind === "call" && node.overload === "add_list" ? node.args.flatMap(flattenLists) : [node];
}

/** Prints the test if a key is in a map of protobuf, an object with keys of type string. */
function hasKey(map: Piece, key: Piece, isBool: boolean): Piece {
  const text = key.form.kind === "big" || isBool ? atom("String(", ...key.print, ")") : key;
  return atom("Object.hasOwn(", ...map.print, ", ", ...text.print, ")");
}

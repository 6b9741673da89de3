import { childrenOf } from "../types/children.ts";
import type { Call, Node } from "../types/expression.ts";
import { BIG, celForm, entryForm, type Form, formOf, generic, PLAIN, smallFormOf } from "../types/form.ts";
import { rangeOf } from "../types/range.ts";
import { staticType } from "../types/same-value.ts";
import { emitCast } from "./cast.ts";
import { coerce, unbox } from "./coerce.ts";
import { emitDynamic } from "./dynamic.ts";
import type { Emitter } from "./emitter.ts";
import { emitEquality } from "./equality.ts";
import { emitFunction } from "./function.ts";
import { emitLogic } from "./logic.ts";
import { asDouble, emitArithmetic, emitIn, emitOrder } from "./operator.ts";
import { emitHasValue, emitOptionalValue, emitOrValue, emitPosition } from "./optional.ts";
import { atom, binary, commas, LEVEL, method, operand, type Piece, piece, property, runtime } from "./piece.ts";
import { shapeOf } from "./shape.ts";

export function emitCall(emitter: Emitter, node: Call): Piece {
  const { names } = emitter;
  const { overload, args } = node;
  const [first, second] = args;
  if (overload === "dynamic") return emitDynamic(emitter, node);
  if (first === undefined) return emitFunction(emitter, node);
  const arithmetic = /^(add|subtract|multiply|divide|modulo)_(int64|uint64|double)$/.exec(overload);
  if (arithmetic !== null && second !== undefined) {
    return emitArithmetic(emitter, node, arithmetic[1] ?? "", arithmetic[2] ?? "", first, second);
  }
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
      // In a list or a map a wrapper always holds a value.
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
  return emitCollection(emitter, node, first, second) ?? emitFunction(emitter, node);
}

/** What is printed without a function of the runtime, or with one that takes its operands in any form: a table of overloads. */
function emitCollection(emitter: Emitter, node: Call, first: Node, second: Node | undefined): Piece | undefined {
  const { names } = emitter;
  const { overload } = node;
  switch (overload) {
    case "add_string":
      return binary(emitter.value(first), "+", emitter.value(second ?? first), LEVEL.additive);
    case "add_list": {
      const form = formOf(node.type, node.proto);
      const parts = flattenLists(node).flatMap((side) => {
        if (side.kind !== "list") return [atom("...", ...emitter.as(side, form).print)];
        const { print, level } = emitter.list(side, form.kind === "list" ? form.of : PLAIN);
        // Of an empty one nothing is printed.
        return level < LEVEL.atom ? [] : [atom(...print.slice(1, -1))];
      });
      return parts.length === 0 ? emptyList(emitter, node, form) : piece(["[", ...commas(parts), "]"], form);
    }
    case "add_duration_timestamp":
      return runtime(names, "addToTimestamp", [emitter.value(second ?? first), emitter.value(first)]);
    case "in_list":
      return emitIn(emitter, first, second ?? first);
    case "in_map": {
      const map = emitter.value(second ?? first);
      const key = emitter.value(first);
      const alike =
        second?.type.kind === "map" && second.type.key.kind === first.type.kind && first.type.kind !== "dyn";
      if (alike && map.form.kind === "record") return hasOwn(map, key, first.type.kind === "bool");
      if (alike && map.form.kind === "map") return method(map, "has", [coerce(key, map.form.key, names)]);
      return map.form.kind === "map" || map.form.kind === "record"
        ? runtime(names, "hasKey", [map, coerce(key, PLAIN, names)])
        : runtime(names, "isIn", [coerce(key, PLAIN, names), map]);
    }
    case "index_list": {
      const list = emitter.value(first);
      const of = entryForm(list.form) ?? PLAIN;
      return unbox(runtime(names, "at", [list, emitPosition(emitter, second ?? first)], of), names);
    }
    case "index_map": {
      const map = emitter.value(first);
      const key = emitter.value(second ?? first);
      const of = entryForm(map.form) ?? PLAIN;
      if (map.form.kind !== "map" && map.form.kind !== "record")
        return runtime(names, "index", [map, coerce(key, PLAIN, names)]);
      return unbox(runtime(names, "entry", [map, mapKey(emitter, key, map.form)], of), names);
    }
    case "size_list":
    case "size_bytes":
      return property(emitter.value(first), "length", smallFormOf(node));
    case "size_map": {
      const map = emitter.value(first);
      return map.form.kind === "map"
        ? property(map, "size", smallFormOf(node))
        : piece(["Object.keys(", ...map.print, ").length"], smallFormOf(node));
    }
    case "int64_to_double":
    case "uint64_to_double": {
      const value = emitter.value(first);
      if (value.form.kind !== "small") return asDouble(value);
      const double = { ...value, form: PLAIN, literal: undefined };
      return mayBeNegativeZero(first) ? binary(double, "+", atom("0"), LEVEL.additive) : double;
    }
    case "uint64_to_int64":
    case "int64_to_uint64": {
      const value = emitter.value(first);
      if (rangeOf(node) !== undefined && value.form.kind === "small") return { ...value, form: smallFormOf(node) };
      break;
    }
    case "bool_to_string":
    case "int64_to_string":
    case "uint64_to_string":
      return atom("String(", ...emitter.value(first).print, ")");
    case "contains":
    case "starts_with":
    case "ends_with": {
      const name = { contains: "includes", starts_with: "startsWith", ends_with: "endsWith" }[overload];
      return method(emitter.value(first), name, [emitter.value(second ?? first)]);
    }
    case "optional_has_value":
      return emitHasValue(emitter, first);
    case "optional_value":
      return emitOptionalValue(emitter, node, first);
    case "optional_or_value":
      return emitOrValue(emitter, node, first, second ?? first);
    case "optional_unwrap":
      return coerce(
        runtime(names, "unwrapped", [emitter.value(first)], generic(celForm(node.type))),
        celForm(node.type),
        names,
      );
  }
  return undefined;
}

function mapKey(emitter: Emitter, key: Piece, map: Form): Piece {
  if (map.kind === "map") return coerce(key, map.key, emitter.names);
  return key;
}

/** Whether an integer that is a `number` may be -0, which no integer of CEL is: `-1 * 0`. */
function mayBeNegativeZero(node: Node): boolean {
  const signed = node.kind === "call" && /^(multiply|divide|modulo|negate)_int64$/.test(node.overload);
  return signed || childrenOf(node).some(mayBeNegativeZero);
}

/** `[]` where nothing else says what it would hold. */
function emptyList(emitter: Emitter, node: Node, form: Form): Piece {
  return piece(["[] as ", ...shapeOf(node.type, form, emitter.names)], form, LEVEL.relational);
}

/** The operands of a chain of `+` between lists. */
function flattenLists(node: Node): readonly Node[] {
  return node.kind === "call" && node.overload === "add_list" ? node.args.flatMap(flattenLists) : [node];
}

/** Whether a key is in a map of protobuf, an object with keys of type string. */
function hasOwn(map: Piece, key: Piece, isBool: boolean): Piece {
  const text = key.form.kind === "big" || isBool ? atom("String(", ...key.print, ")") : key;
  return atom("Object.hasOwn(", ...map.print, ", ", ...text.print, ")");
}

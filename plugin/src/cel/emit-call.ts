import { emitEquality } from "./emit-equality.ts";
import { emitLogic } from "./emit-logic.ts";
import type { Emitter } from "./emitter.ts";
import type { Node } from "./expression.ts";
import { BIG, celForm, type Form, formOf, hasBoxes, PLAIN } from "./form.ts";
import {
  atom,
  binary,
  coerce,
  commas,
  entryForm,
  LEVEL,
  method,
  operand,
  type Piece,
  piece,
  property,
  runtime,
  unbox,
} from "./piece.ts";
import { isSafeDivisor, rangeOf } from "./range.ts";
import { staticType } from "./same-value.ts";

export type Call = Node & { readonly kind: "call" };

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

/** Functions that are a function of the runtime with the same operands, in CEL's own form. */
const RUNTIME: Readonly<Record<string, string>> = {
  add_bytes: "addBytes",
  add_timestamp_duration: "addToTimestamp",
  add_duration_duration: "addDurations",
  subtract_timestamp_timestamp: "between",
  subtract_timestamp_duration: "subtractFromTimestamp",
  subtract_duration_duration: "subtractDurations",
  in_dyn: "isIn",
  index_dyn: "index",
  size_string: "textSize",
  size_dyn: "size",
  string_to_bool: "toBool",
  dyn_to_bool: "toBool",
  string_to_bytes: "toBytes",
  dyn_to_bytes: "toBytes",
  string_to_double: "toDouble",
  dyn_to_double: "toDouble",
  uint64_to_int64: "toInt",
  double_to_int64: "toInt",
  string_to_int64: "toInt",
  timestamp_to_int64: "toInt",
  duration_to_int64: "toInt",
  dyn_to_int64: "toInt",
  int64_to_uint64: "toUint",
  double_to_uint64: "toUint",
  string_to_uint64: "toUint",
  dyn_to_uint64: "toUint",
  double_to_string: "toText",
  bytes_to_string: "toText",
  timestamp_to_string: "toText",
  duration_to_string: "toText",
  dyn_to_string: "toText",
  string_to_timestamp: "toTimestamp",
  int64_to_timestamp: "toTimestamp",
  string_to_duration: "toDuration",
  int64_to_duration: "toDuration",
  matches: "matches",
  timestamp_getFullYear: "fullYear",
  timestamp_getMonth: "month",
  timestamp_getDate: "date",
  timestamp_getDayOfMonth: "dayOfMonth",
  timestamp_getDayOfWeek: "dayOfWeek",
  timestamp_getDayOfYear: "dayOfYear",
  timestamp_getHours: "hours",
  timestamp_getMinutes: "minutes",
  timestamp_getSeconds: "seconds",
  timestamp_getMilliseconds: "milliseconds",
  duration_getHours: "durationHours",
  duration_getMinutes: "durationMinutes",
  duration_getSeconds: "durationSeconds",
  duration_getMilliseconds: "durationMilliseconds",
  char_at: "charAt",
  index_of: "indexOf",
  last_index_of: "lastIndexOf",
  join: "join",
  lower_ascii: "lowerAscii",
  upper_ascii: "upperAscii",
  replace: "replace",
  reverse_string: "reverseText",
  split: "split",
  substring: "substring",
  trim: "trim",
  format: "format",
  quote: "quote",
  sum_double: "sum",
  optional_of: "optionalOf",
  optional_none: "optionalNone",
};

/** Operands of the runtime's functions that it takes as a `number` or a `bigint` alike. */
const EITHER: ReadonlySet<string> = new Set([
  "char_at",
  "index_of",
  "last_index_of",
  "replace",
  "split",
  "substring",
  "int64_to_uint64",
  "uint64_to_int64",
]);

export function emitCall(emitter: Emitter, node: Call): Piece {
  const { names } = emitter;
  const { overload, args } = node;
  const [first, second] = args;
  if (first === undefined) return runtime(names, RUNTIME[overload] ?? overload, []);
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
      return piece(["-", ...operand(emitter.value(first), LEVEL.atom)], smallForm(node), LEVEL.unary);
    }
    case "negate_double":
      return piece(["-", ...operand(emitter.value(first), LEVEL.atom)], PLAIN, LEVEL.unary);
    case "same":
    case "to_dyn":
      return overload === "same" ? emitter.value(first) : emitter.as(first, PLAIN);
    case "type":
      return staticType(node) === undefined
        ? runtime(names, "typeName", [emitter.as(first, PLAIN)])
        : atom(JSON.stringify(staticType(node)));
    case "cast":
      return runtime(names, "cast", [emitter.value(first), atom(JSON.stringify(castName(node)))], celForm(node.type));
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
  return emitCollection(emitter, node, first, second);
}

function emitCollection(emitter: Emitter, node: Call, first: Node, second: Node | undefined): Piece {
  const { names } = emitter;
  const { overload, args } = node;
  switch (overload) {
    case "add_string":
      return binary(emitter.value(first), "+", emitter.value(second ?? first), LEVEL.additive);
    case "add_list": {
      const form = formOf(node.type, node.proto);
      const parts = flattenLists(node).flatMap((side) => {
        const { print } = emitter.as(side, form);
        if (side.kind !== "list") return [atom("...", ...print)];
        return side.elements.length === 0 ? [] : [atom(...print.slice(1, -1))];
      });
      return piece(["[", ...commas(parts), "]"], form);
    }
    case "add_duration_timestamp":
      return runtime(names, "addToTimestamp", [emitter.value(second ?? first), emitter.value(first)]);
    case "in_list":
      return emitIn(emitter, first, second ?? first);
    case "in_map": {
      const map = emitter.value(second ?? first);
      const key = emitter.value(first);
      return map.form.kind === "plain"
        ? runtime(names, "isIn", [coerce(key, PLAIN, names), map])
        : runtime(names, "hasKey", [map, mapKey(emitter, key, map.form)]);
    }
    case "index_list": {
      const list = emitter.value(first);
      const of = entryForm(list.form) ?? PLAIN;
      return unbox(runtime(names, "at", [list, emitter.value(second ?? first)], of), names);
    }
    case "index_map": {
      const map = emitter.value(first);
      const key = emitter.value(second ?? first);
      const of = entryForm(map.form) ?? PLAIN;
      if (map.form.kind === "plain") return runtime(names, "index", [map, coerce(key, PLAIN, names)]);
      return unbox(runtime(names, "entry", [map, mapKey(emitter, key, map.form)], of), names);
    }
    case "size_list":
    case "size_bytes":
      return property(emitter.value(first), "length", smallForm(node));
    case "size_map": {
      const map = emitter.value(first);
      return map.form.kind === "map"
        ? property(map, "size", smallForm(node))
        : piece(["Object.keys(", ...map.print, ").length"], smallForm(node));
    }
    case "int64_to_double":
    case "uint64_to_double": {
      const value = emitter.value(first);
      if (value.form.kind === "small") return { ...value, form: PLAIN, literal: undefined };
      return atom("Number(", ...value.print, ")");
    }
    case "uint64_to_int64":
    case "int64_to_uint64": {
      const value = emitter.value(first);
      if (rangeOf(node) !== undefined && value.form.kind === "small") return value;
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
    case "take": {
      const list = emitter.value(first);
      const count = second && rangeOf(second);
      const most = emitter.value(second ?? first);
      if (count !== undefined && count.low >= 0 && most.form.kind === "small")
        return method(list, "slice", [atom("0"), most], list.form);
      return runtime(names, "take", [list, most], list.form);
    }
    case "sum_int64":
    case "sum_uint64":
      return runtime(names, overload === "sum_int64" ? "sumInt" : "sumUint", [withoutBoxes(emitter, first)], BIG);
    case "optional_has_value":
      return binary(property(emitter.value(first), "inner"), "!==", atom("undefined"), LEVEL.equality);
    case "optional_value":
      return runtime(names, "optionalValue", [emitter.value(first)], celForm(node.type));
    case "optional_or":
    case "optional_or_value": {
      const inner = overload === "optional_or" ? emitter.value(first) : property(emitter.value(first), "inner");
      const other = emitter.as(second ?? first, celForm(node.type));
      if (overload === "optional_or") return runtime(names, "optionalOr", [inner, other]);
      return { ...binary(inner, "??", other, LEVEL.nullish), form: celForm(node.type) };
    }
  }
  const name = RUNTIME[overload] ?? overload;
  const operands = args.map((arg) =>
    EITHER.has(overload)
      ? emitter.value(arg)
      : emitter.as(arg, name === "optionalOf" ? celForm(arg.type) : operandForm(arg)),
  );
  const range = rangeOf(node);
  return runtime(names, name, operands, range === undefined ? celForm(node.type) : smallForm(node));
}

/** The runtime's functions take values in CEL's own form. */
function operandForm(node: Node): Form {
  return celForm(node.type);
}

function smallForm(node: Node): Form {
  const range = rangeOf(node);
  return range === undefined ? BIG : { kind: "small", ...range };
}

export function withoutBoxes(emitter: Emitter, node: Node): Piece {
  const value = emitter.value(node);
  return hasBoxes(value.form) ? coerce(value, celForm(node.type), emitter.names) : value;
}

function mapKey(emitter: Emitter, key: Piece, map: Form): Piece {
  if (map.kind === "map") return coerce(key, map.key, emitter.names);
  return key;
}

function castName(node: Node): string {
  if (node.type.kind === "message") return node.type.desc.typeName;
  return node.type.kind;
}

/** The operands of a chain of `+` between lists. */
function flattenLists(node: Node): readonly Node[] {
  return node.kind === "call" && node.overload === "add_list" ? node.args.flatMap(flattenLists) : [node];
}

function emitArithmetic(
  emitter: Emitter,
  node: Call,
  operator: string,
  type: string,
  first: Node,
  second: Node,
): Piece {
  const { sign, level } = OPERATORS[operator] ?? { sign: "+", level: LEVEL.additive };
  const a = emitter.value(first);
  const b = emitter.value(second);
  if (type === "double") return binary(a, sign, b, level);
  if (rangeOf(node) !== undefined && a.form.kind === "small" && b.form.kind === "small") {
    const exact = binary(a, sign, b, level, smallForm(node));
    return operator === "divide" ? piece(["Math.trunc(", ...exact.print, ")"], exact.form) : exact;
  }
  if (isSafeDivisor(node.overload, second)) {
    return binary(coerce(a, BIG, emitter.names), sign, coerce(b, BIG, emitter.names), level, BIG);
  }
  const name = `${operator}${type === "int64" ? "Int" : "Uint"}`;
  const result = runtime(emitter.names, name, [coerce(a, BIG, emitter.names), coerce(b, BIG, emitter.names)], BIG);
  return result;
}

function emitOrder(emitter: Emitter, operator: string, type: string, first: Node, second: Node): Piece {
  const { names } = emitter;
  const { sign } = OPERATORS[operator] ?? { sign: "<" };
  const compared = (name: string, form?: Form): Piece => {
    const pieces = [first, second].map((side) => (form === undefined ? emitter.value(side) : emitter.as(side, form)));
    return binary(runtime(names, name, pieces), sign, atom("0"), LEVEL.relational);
  };
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
  // A literal takes the form of what it is compared with; otherwise JavaScript compares bigint and number exactly.
  if (a.literal !== undefined && b.form.kind === "big") a = coerce(a, BIG, names);
  if (b.literal !== undefined && a.form.kind === "big") b = coerce(b, BIG, names);
  return binary(a, sign, b, LEVEL.relational);
}

/**
 * CEL orders strings by code point, JavaScript by UTF-16 code unit. They agree when one side has no character above the surrogates'
 * lowest.
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

function emitIn(emitter: Emitter, item: Node, list: Node): Piece {
  const { names } = emitter;
  const range = smallList(emitter, item, list) ?? withoutBoxes(emitter, list);
  const value = withoutBoxes(emitter, item);
  const of = entryForm(range.form);
  const element = list.type.kind === "list" ? list.type.element.kind : "dyn";
  const same = item.type.kind === element;
  const enumerated = list.proto?.kind === "list" && list.proto.of.kind === "enum";
  const plain =
    element === "string" || element === "bool" || ((element === "int" || element === "uint") && !enumerated);
  if (same && plain && of !== undefined && (of.kind === value.form.kind || value.literal !== undefined)) {
    return method(range, "includes", [value.literal === undefined ? value : coerce(value, of, names)]);
  }
  return runtime(names, "isIn", [value, range]);
}

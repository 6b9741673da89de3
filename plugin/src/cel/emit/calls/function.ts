// Functions of CEL and its extensions.

import { BIG, celForm, type Form, hasBoxes, PLAIN, protoForm, smallFormOf, UNSIGNED } from "../../types/forms/form.ts";
import { rangeOf } from "../../types/forms/range.ts";
import type { CallNode, Node, Overload } from "../../types/model/type.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { emitOptional } from "../optionals/optional.ts";
import { coerce } from "../pieces/coerce.ts";
import type { Piece } from "../pieces/piece.ts";
import { atom, binary, commas, LEVEL, method, operand, piece, runtime } from "../pieces/piece.ts";

/** Functions that are a function of the runtime with the same operands, in CEL's own form. */
const RUNTIME: Readonly<Record<string, string>> = {
  add_bytes: "addBytes",
  add_timestamp_duration: "addToTimestamp",
  add_duration_duration: "addDurations",
  subtract_timestamp_timestamp: "between",
  subtract_timestamp_duration: "subtractFromTimestamp",
  subtract_duration_duration: "subtractDurations",
  size_string: "textSize",
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
  money_add: "addMoney",
  money_multiply: "multiplyMoney",
  page_size: "pageSize",
  share_of: "shareOf",
  url_is_url: "isUrl",
  url_scheme: "urlScheme",
  url_host: "urlHost",
  url_hostname: "urlHostname",
  url_port: "urlPort",
  url_escaped_path: "urlEscapedPath",
  url_query: "urlQuery",
  url_encode: "encodeUrl",
  url_decode: "decodeUrl",
  timestamp_format: "formatTime",
  timestamp_truncate: "truncateTime",
  timestamp_addYears: "addYears",
  timestamp_addMonths: "addMonths",
  timestamp_addDays: "addDays",
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
  lower: "lower",
  upper: "upper",
  repeat: "repeat",
  trim_prefix: "trimPrefix",
  trim_suffix: "trimSuffix",
  regex_extractAll_string_string: "extractAll",
  regex_replace_string_string_string: "replacePattern",
  regex_replace_string_string_string_int: "replacePattern",
  replace: "replace",
  reverse_string: "reverseText",
  split: "split",
  substring: "substring",
  trim: "trim",
  format: "format",
  quote: "quote",
  sum_double: "sum",
  optional_none: "optionalNone",
  list_flatten: "flatten",
  list_distinct: "distinct",
  set_contains: "containsAll",
  set_equivalent: "equivalent",
  set_intersects: "intersects",
  base64_encode: "encodeBase64",
  base64_decode: "decodeBase64",
  math_round: "round",
  math_abs_int: "absInt",
  math_sign_int: "signInt",
  math_sign_uint: "signInt",
  math_bit_not_uint: "bitNotUint",
  math_shift_left_int: "shiftLeftInt",
  math_shift_left_uint: "shiftLeftUint",
  math_shift_right_int: "shiftRightInt",
  math_shift_right_uint: "shiftRightUint",
};

/** Operands of the runtime's functions that it takes as a `number` or a `bigint` alike. */
const EITHER: ReadonlySet<string> = new Set([
  "char_at",
  "index_of",
  "last_index_of",
  "replace",
  "regex_replace_string_string_string_int",
  "repeat",
  "timestamp_addYears",
  "timestamp_addMonths",
  "timestamp_addDays",
  "split",
  "substring",
  "int64_to_uint64",
  "uint64_to_int64",
  "page_size",
]);

/** A function that is JavaScript's own on doubles. */
const ON_DOUBLES: Readonly<Record<string, string>> = {
  math_ceil: "Math.ceil",
  math_floor: "Math.floor",
  math_trunc: "Math.trunc",
  math_abs_double: "Math.abs",
  math_sign_double: "Math.sign",
  math_is_nan: "Number.isNaN",
  math_is_finite: "Number.isFinite",
};

const BITS: Readonly<Record<string, string>> = { and: "&", or: "|", xor: "^" };

export function emitFunction(emitter: Emitter, node: CallNode): Piece {
  const { names } = emitter;
  const { overload, args } = node;
  if (node.overload === "random_uuid" || node.overload === "random_double") {
    const { file, line, column } = node.at;
    const what = node.overload === "random_uuid" ? "Uuid" : "Double";
    if (emitter.names.random === undefined) throw new Error("no random value belongs here");
    return atom(emitter.names.random(what, `${file}:${line}:${column}`));
  }
  if (overload === "page_open" || overload === "page_seal") {
    if (names.page === undefined) throw new Error("no page token belongs here");
    const operands = args.map((arg) => emitter.as(arg, celForm(arg.type)));
    const called = names.page(overload === "page_open" ? "open" : "seal");
    return piece([called, "(", ...commas(operands), ")"], celForm(node.type));
  }
  if (node.userFunction !== undefined) return emitCallOf(emitter, node, node.userFunction);
  const native = emitNative(emitter, node);
  if (native !== undefined) return native;
  const name = RUNTIME[overload] ?? overload;
  const operands = args.map((arg) =>
    EITHER.has(overload) || SAME.has(overload) ? withoutBoxes(emitter, arg) : emitter.as(arg, celForm(arg.type)),
  );
  const range = rangeOf(node);
  return runtime(names, name, operands, range === undefined ? resultForm(node, operands) : smallFormOf(node));
}

/** Prints a call of a function of the user, which accepts and returns CEL's own forms. */
function emitCallOf(emitter: Emitter, { args, type }: CallNode, fn: Overload): Piece {
  const { names } = emitter;
  if (names.userFunction === undefined) throw new Error(`no function "${fn.fn}" in the scope of this expression`);
  const operands = args.map((arg, index) => emitter.as(arg, celForm(fn.params[index] ?? arg.type)));
  return piece([names.userFunction(fn), "(", ...commas(operands), ")"], celForm(type));
}

/** Functions that use the elements of their list operands in any form. */
const SAME: ReadonlySet<string> = new Set(["list_distinct", "set_contains", "set_equivalent", "set_intersects"]);

function resultForm(node: CallNode, operands: readonly Piece[]): Form {
  return node.overload === "list_distinct" ? (operands[0]?.form ?? PLAIN) : celForm(node.type);
}

/** Functions that JavaScript has itself, or that keep the form of their operands. */
function emitNative(emitter: Emitter, node: CallNode): Piece | undefined {
  const { overload } = node;
  const [first, second] = node.args;
  if (first === undefined) return undefined;
  const onDoubles = ON_DOUBLES[overload];
  if (onDoubles !== undefined) return atom(`${onDoubles}(`, ...emitter.value(first).print, ")");
  const bits = /^math_bit_(and|or|xor)_(int|uint)$/.exec(overload);
  if (bits !== null && second !== undefined) {
    const big = bits[2] === "int" ? BIG : UNSIGNED;
    const [a, b] = [first, second].map((side) => operand(emitter.as(side, big), LEVEL.atom));
    return piece(["(", ...(a ?? []), ` ${BITS[bits[1] ?? ""]} `, ...(b ?? []), ")"], big);
  }
  return NATIVE[overload]?.(emitter, node, first, second);
}

type Printer = (emitter: Emitter, node: CallNode, first: Node, second: Node | undefined) => Piece | undefined;

const NATIVE: Readonly<Record<string, Printer>> = {
  take: emitTake,
  sum_int64: (emitter, _, first) => runtime(emitter.names, "sumInt", [withoutBoxes(emitter, first)], BIG),
  sum_uint64: (emitter, _, first) => runtime(emitter.names, "sumUint", [withoutBoxes(emitter, first)], UNSIGNED),
  list_slice: (emitter, { args }, first) => {
    const list = emitter.value(first);
    return runtime(emitter.names, "slice", [list, ...args.slice(1).map((arg) => emitter.value(arg))], list.form);
  },
  list_flatten: emitFlatten,
  list_flatten_depth: (emitter, { type }, first, second = first) =>
    runtime(emitter.names, "flatten", [emitter.as(first, PLAIN), emitter.value(second)], celForm(type)),
  list_reverse: (emitter, _, first) => {
    const list = emitter.value(first);
    return method(list, "toReversed", [], list.form);
  },
  list_sort: (emitter, _, first) => emitSorted(emitter, first, "sort"),
  list_sort_desc: (emitter, _, first) => emitSorted(emitter, first, "sortDesc"),
  lists_range: (emitter, _, first) =>
    runtime(emitter.names, "range", [emitter.value(first)], {
      kind: "list",
      of: { kind: "small", low: 0, high: 10_000_000 },
    }),
  math_is_inf: (emitter, _, first) => {
    const value = atom("Math.abs(", ...emitter.value(first).print, ")");
    return binary(value, "===", atom("Infinity"), LEVEL.equality);
  },
  math_abs_uint: (emitter, _, first) => emitter.value(first),
  math_bit_not_int: (emitter, _, first) =>
    piece(["~", ...operand(emitter.as(first, BIG), LEVEL.atom)], BIG, LEVEL.unary),
  math_sqrt_double: (emitter, _, first) => atom("Math.sqrt(", ...emitter.value(first).print, ")"),
  math_sqrt_int: emitRootOfInteger,
  math_sqrt_uint: emitRootOfInteger,
  math_greatest: emitBest,
  math_least: emitBest,
  enum_name: emitOfEnum,
  enum_text: emitOfEnum,
  enum_convert: emitOfEnum,
  int64_to_enum: (emitter, node, first) => runtime(emitter.names, "toInt32", [emitter.value(first)], smallFormOf(node)),
  string_to_enum: (emitter, node, first) => {
    const { names } = emitter;
    const values = node.proto?.kind === "enum" ? atom(names.shape(node.proto.desc)) : atom("{}");
    return runtime(names, "enumNumber", [values, emitter.value(first)], smallFormOf(node));
  },
  optional_index: emitOptional,
};

function emitTake(emitter: Emitter, _: CallNode, first: Node, second: Node | undefined): Piece {
  const list = emitter.value(first);
  const count = second && rangeOf(second);
  const most = emitter.value(second ?? first);
  if (count !== undefined && count.low >= 0 && most.form.kind === "small")
    return method(list, "slice", [atom("0"), most], list.form);
  return runtime(emitter.names, "take", [list, most], list.form);
}

function emitFlatten(emitter: Emitter, { type }: CallNode, first: Node): Piece {
  const list = emitter.value(first);
  if (list.form.kind !== "list" || list.form.of.kind !== "list")
    return runtime(emitter.names, "flatten", [emitter.as(first, celForm(first.type))], celForm(type));
  if (emitter.names.counted === undefined) return method(list, "flat", [], list.form.of);
  return runtime(emitter.names, "flat", [list], list.form.of);
}

function emitSorted(emitter: Emitter, of: Node, fn: "sort" | "sortDesc"): Piece {
  const list = withoutBoxes(emitter, of);
  return runtime(emitter.names, fn, [list], list.form);
}

function emitRootOfInteger(emitter: Emitter, node: CallNode, first: Node): Piece {
  const double: CallNode = { ...node, overload: "int64_to_double", args: [first] };
  return atom("Math.sqrt(", ...emitter.value(double).print, ")");
}

/** `math.greatest` and `math.least`. */
function emitBest(emitter: Emitter, node: CallNode): Piece {
  const { names } = emitter;
  const [first, second] = node.args;
  const greatest = node.overload === "math_greatest";
  if (first === undefined) return atom("undefined");
  const many = second === undefined && (first.type.kind === "list" || first.type.kind === "dyn");
  const elements = first.kind === "list" ? first.elements : [];
  const nodes = many ? elements : node.args;
  const ranges = nodes.map(rangeOf);
  const numbers = nodes.length > 0 && nodes.every((arg) => arg.type.kind === node.type.kind);
  const form = celForm(node.type);
  if (numbers && (node.type.kind === "double" || ranges.every((range) => range !== undefined))) {
    const values = nodes.map((arg) => emitter.value(arg));
    const list = values.flatMap((value, index) => (index === 0 ? [...value.print] : [", ", ...value.print]));
    const low = Math.min(...ranges.map((range) => range?.low ?? 0));
    const high = Math.max(...ranges.map((range) => range?.high ?? 0));
    const small: Form =
      node.type.kind === "double" ? PLAIN : { kind: "small", low, high, unsigned: node.type.kind === "uint" };
    return values.length === 1 && values[0] !== undefined
      ? values[0]
      : piece([`Math.${greatest ? "max" : "min"}(`, ...list, ")"], small);
  }
  const of = numbers || node.type.kind !== "dyn" ? form : PLAIN;
  const list = many ? emitter.as(first, { kind: "list", of }) : undefined;
  const items =
    list ??
    atom(
      "[",
      ...node.args.flatMap((arg, index) => [...(index === 0 ? [] : [", "]), ...emitter.as(arg, of).print]),
      "]",
    );
  return runtime(names, greatest ? "greatest" : "least", [items], of);
}

export function withoutBoxes(emitter: Emitter, node: Node): Piece {
  const value = emitter.value(node);
  return hasBoxes(value.form) ? coerce(value, celForm(node.type), emitter.names) : value;
}

/** `enums.name(e)`, `enums.text(e)`, `Kind(e)`. */
function emitOfEnum(emitter: Emitter, node: CallNode, first: Node, texts: Node | undefined): Piece | undefined {
  const { names } = emitter;
  const from = first.type.kind === "int" ? first.type.enum : undefined;
  if (from === undefined) return undefined;
  const value = emitter.as(first, protoForm({ kind: "enum", desc: from }));
  if (node.overload === "enum_name") return runtime(names, "enumName", [atom(names.schema(from)), value]);
  if (node.overload === "enum_convert") {
    const to = node.proto?.kind === "enum" ? node.proto.desc : from;
    if (names.convertEnum === undefined) throw new Error(`${from.typeName} does not become ${to.typeName} here`);
    return piece([names.convertEnum(from, to), "(", ...value.print, ")"], protoForm({ kind: "enum", desc: to }));
  }
  const entries = texts?.kind === "map" ? texts.entries : [];
  const rows = entries.map(([key, text]) =>
    atom("[", ...emitter.value(key).print, "]: ", ...emitter.value(text).print),
  );
  return runtime(names, "enumText", [atom("{ ", ...commas(rows), " }"), value]);
}

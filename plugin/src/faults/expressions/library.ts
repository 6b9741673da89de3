// Functions of expressions whose operands are all known: generated code calls the same ones. An operand that is unknown,
// or not of the listed kind, makes the result unknown.
import { cel as library } from "@protobff/runtime/expressions";
import { isListValue, MessageValue, UNKNOWN, type Value } from "../values/values.ts";

export type Operation = (args: readonly Value[]) => Value;

interface Time {
  readonly $typeName: string;
  readonly seconds: bigint;
  readonly nanos: number;
}
interface Operands {
  readonly text: string;
  readonly int: bigint;
  readonly double: number;
  readonly bool: boolean;
  readonly time: Time;
  readonly list: readonly Value[];
  readonly texts: readonly string[];
  readonly ints: readonly bigint[];
  readonly doubles: readonly number[];
  /** Whole numbers and texts. */
  readonly formatted: readonly (string | bigint)[];
}
type Kind = keyof Operands;
type Tuple<K extends readonly Kind[]> = { readonly [I in keyof K]: Operands[K[I]] };

const isText = (value: Value) => typeof value === "string";
const isInt = (value: Value) => typeof value === "bigint";
const isDouble = (value: Value) => typeof value === "number";
function all<T extends Value>(value: Value, is: (item: Value) => item is T): readonly T[] | undefined {
  return isListValue(value) && value.every(is) ? value : undefined;
}

/** Undefined: not a time, or unknown. */
export function timeOf(value: Value): Time | undefined {
  if (!(value instanceof MessageValue) || !/^google\.protobuf\.(Timestamp|Duration)$/.test(value.type))
    return undefined;
  const [seconds, nanos] = [value.fields.get("seconds") ?? 0n, value.fields.get("nanos") ?? 0n];
  const known = typeof seconds === "bigint" && typeof nanos === "bigint";
  return known ? { $typeName: value.type, seconds, nanos: Number(nanos) } : undefined;
}

const READ: { readonly [K in Kind]: (value: Value) => Operands[K] | undefined } = {
  text: (value) => (isText(value) ? value : undefined),
  int: (value) => (isInt(value) ? value : undefined),
  double: (value) => (isDouble(value) ? value : undefined),
  bool: (value) => (typeof value === "boolean" ? value : undefined),
  time: timeOf,
  list: (value) => (isListValue(value) ? value : undefined),
  texts: (value) => all(value, isText),
  ints: (value) => all(value, isInt),
  doubles: (value) => all(value, isDouble),
  formatted: (value) => all(value, (item) => isText(item) || isInt(item)),
};

/** The functions of some overloads, which take operands of these kinds. Later operands may be absent. */
function of<const K extends readonly Kind[]>(
  kinds: K,
  functions: Readonly<Record<string, (...operands: Tuple<K>) => Value | Time>>,
): [string, Operation][] {
  return Object.entries(functions).map(([overload, run]) => [
    overload,
    (args) => {
      const operands = kinds.slice(0, args.length).map((kind, i) => READ[kind](args[i] ?? null));
      if (operands.includes(undefined)) return UNKNOWN;
      return predicted(run(...(operands as unknown as Tuple<K>)));
    },
  ]);
}
function predicted(result: Value | Time): Value {
  if (typeof result !== "object" || result === null || !("$typeName" in result)) return result;
  const fields: [string, Value][] = [
    ["seconds", result.seconds],
    ["nanos", BigInt(result.nanos)],
  ];
  return new MessageValue(result.$typeName, new Map(fields));
}

/** A function whose ints are numbers in generated code. */
const whole =
  <Args extends readonly unknown[]>(run: (...args: Args) => number) =>
  (...args: Args): bigint =>
    BigInt(run(...args));
/** Reads a part of a time in UTC; other zones need the database of the machine that answers. */
const part =
  (read: (time: Time) => number) =>
  (time: Time, zone?: string): Value =>
    zone === undefined || zone === "UTC" ? BigInt(read(time)) : UNKNOWN;

/** Functions by the names of their overloads. */
export const LIBRARY: readonly [string, Operation][] = [
  ...of(["int", "int"], {
    add_int64: library.addInt,
    add_uint64: library.addUint,
    subtract_int64: library.subtractInt,
    subtract_uint64: library.subtractUint,
    multiply_int64: library.multiplyInt,
    multiply_uint64: library.multiplyUint,
    divide_int64: library.divideInt,
    divide_uint64: library.divideUint,
    modulo_int64: library.moduloInt,
    modulo_uint64: library.moduloUint,
    math_bit_and: (a, b) => a & b,
    math_bit_or: (a, b) => a | b,
    math_bit_xor: (a, b) => a ^ b,
    math_shift_left_int: library.shiftLeftInt,
    math_shift_left_uint: library.shiftLeftUint,
    math_shift_right_int: library.shiftRightInt,
    math_shift_right_uint: library.shiftRightUint,
  }),
  ...of(["double", "double"], {
    add_double: (a, b) => a + b,
    subtract_double: (a, b) => a - b,
    multiply_double: (a, b) => a * b,
    divide_double: (a, b) => a / b,
  }),
  ...of(["int"], {
    negate_int64: library.negateInt,
    math_abs_int: library.absInt,
    math_abs_uint: (a) => a,
    math_sign: library.signInt,
    math_sqrt: library.sqrt,
    math_bit_not_int: (a) => ~a,
    math_bit_not_uint: library.bitNotUint,
    int64_to_double: library.toDouble,
    uint64_to_double: library.toDouble,
    uint64_to_int64: library.toInt,
    int64_to_uint64: library.toUint,
    int64_to_string: library.toText,
    uint64_to_string: library.toText,
    int64_to_duration: library.toDuration,
    int64_to_timestamp: library.toTimestamp,
  }),
  ...of(["int", "int", "int"], {
    page_size: (requested, usual, most) => BigInt(library.pageSize(requested, Number(usual), Number(most))),
  }),
  ...of(["double"], {
    negate_double: (a) => -a,
    math_abs_double: Math.abs,
    math_ceil: Math.ceil,
    math_floor: Math.floor,
    math_round: library.round,
    math_trunc: Math.trunc,
    math_sign_double: Math.sign,
    math_sqrt_double: Math.sqrt,
    math_is_nan: Number.isNaN,
    math_is_inf: (a) => a === Infinity || a === -Infinity,
    math_is_finite: Number.isFinite,
    double_to_int64: library.toInt,
    double_to_uint64: library.toUint,
    double_to_string: library.toText,
  }),
  ...of(["bool"], { bool_to_string: library.toText }),
  ...of(["text"], {
    string_to_int64: library.toInt,
    string_to_uint64: library.toUint,
    string_to_double: library.toDouble,
    string_to_bool: library.toBool,
    string_to_timestamp: library.toTimestamp,
    string_to_duration: library.toDuration,
    lower_ascii: library.lowerAscii,
    upper_ascii: library.upperAscii,
    lower: library.lower,
    upper: library.upper,
    reverse_string: library.reverseText,
    trim: library.trim,
    quote: library.quote,
    url_encode: library.encodeUrl,
    url_decode: library.decodeUrl,
  }),
  ...of(["text", "text"], {
    add_string: (a, b) => a + b,
    contains: (a, b) => a.includes(b),
    starts_with: (a, b) => a.startsWith(b),
    ends_with: (a, b) => a.endsWith(b),
    trim_prefix: library.trimPrefix,
    trim_suffix: library.trimSuffix,
  }),
  ...of(["text", "int", "int"], {
    substring: library.substring,
    char_at: library.charAt,
    repeat: library.repeat,
  }),
  ...of(["text", "text", "int"], {
    index_of: whole(library.indexOf),
    last_index_of: whole(library.lastIndexOf),
    split: library.split,
  }),
  ...of(["text", "text", "text", "int"], { replace: library.replace }),
  ...of(["texts", "text"], { join: library.join }),
  ...of(["text", "formatted"], {
    // Texts and whole numbers at %s and %d only.
    format: (text, values) => (/%(?![ds%])/.test(text) ? UNKNOWN : library.format(text, values)),
  }),
  ...of(["list", "int", "int"], { list_slice: library.slice }),
  ...of(["ints"], { sum_int64: library.sumInt, sum_uint64: library.sumUint }),
  ...of(["doubles"], { sum_double: library.sum }),
  ...of(["time", "time"], {
    add_duration_duration: library.addDurations,
    add_duration_timestamp: (a, b) => library.addToTimestamp(b, a),
    add_timestamp_duration: library.addToTimestamp,
    subtract_duration_duration: library.subtractDurations,
    subtract_timestamp_duration: library.subtractFromTimestamp,
    subtract_timestamp_timestamp: library.between,
  }),
  ...of(["time"], {
    timestamp_to_int64: library.toInt,
    timestamp_to_string: library.toText,
    duration_to_string: library.toText,
    duration_to_int64: library.durationSeconds,
    duration_getHours: library.durationHours,
    duration_getMinutes: library.durationMinutes,
    duration_getSeconds: library.durationSeconds,
    duration_getMilliseconds: whole(library.durationMilliseconds),
  }),
  ...of(["time", "text"], {
    timestamp_getFullYear: part(library.fullYear),
    timestamp_getMonth: part(library.month),
    timestamp_getDate: part(library.date),
    timestamp_getDayOfMonth: part(library.dayOfMonth),
    timestamp_getDayOfWeek: part(library.dayOfWeek),
    timestamp_getDayOfYear: part(library.dayOfYear),
    timestamp_getHours: part(library.hours),
    timestamp_getMinutes: part(library.minutes),
    timestamp_getSeconds: part(library.seconds),
    timestamp_getMilliseconds: part(library.milliseconds),
  }),
];

// Values in fault prediction. A value that the plan does not determine is UNKNOWN, and nothing is decided by it.
import type { ValueReport } from "../behaviour.ts";

/** An expression that is an error: a division by zero, an index out of range. */
export { ExpressionError as EvaluationError } from "@protobff/runtime/expressions";

export class Unknown {
  readonly #unknown = true;
  toString(): string {
    return this.#unknown ? "unknown" : "";
  }
}
export const UNKNOWN = new Unknown();
/** Value of an expression in a prediction. */
export type Value =
  | Unknown
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | MessageValue
  | MapValue
  | OptionalValue;

export class MessageValue {
  readonly type: string;
  /** Fields that are set. */
  readonly fields: ReadonlyMap<string, Value>;
  /** Fields that are missing, because a step behind them has no value. */
  readonly missing: ReadonlySet<string>;
  constructor(type: string, fields: ReadonlyMap<string, Value>, missing: ReadonlySet<string> = new Set()) {
    this.type = type;
    this.fields = fields;
    this.missing = missing;
  }
}
export class MapValue {
  readonly entries: readonly (readonly [Value, Value])[];
  /** Value of a missing key. Undefined: an error. */
  readonly other: Value | undefined;
  constructor(entries: readonly (readonly [Value, Value])[], other?: Value) {
    this.entries = entries;
    this.other = other;
  }
}
export class OptionalValue {
  readonly value: Value | undefined;
  constructor(value?: Value) {
    this.value = value;
  }
}

/** An expression of which it is not known whether it is an error. */
export class MayFail extends Error {
  override readonly name = "MayFail";
}
/** The plan leaves a prediction open. */
export class Untold extends Error {
  override readonly name = "Untold";
}

const WRAPPERS = /^google\.protobuf\.(Bool|Bytes|Double|Float|Int32|Int64|String|UInt32|UInt64)Value$/;

export function fromReport(report: ValueReport): Value {
  if (report === null || typeof report === "string" || typeof report === "boolean") return report;
  if (isList(report)) return report.map(fromReport);
  if ("int" in report) return BigInt(report.int);
  if ("double" in report) return report.double;
  if ("bytes" in report) return UNKNOWN;
  if ("map" in report) return new MapValue(report.map.map(([key, value]) => [fromReport(key), fromReport(value)]));
  const fields = new Map(Object.entries(report.fields).map(([name, value]) => [name, fromReport(value)]));
  if (WRAPPERS.test(report.message)) return fields.get("value") ?? UNKNOWN;
  if (report.message === "google.protobuf.Struct") return new MapValue([]);
  if (report.message === "google.protobuf.ListValue") return [];
  if (report.message === "google.protobuf.Value") return fields.get("string_value") ?? UNKNOWN;
  return new MessageValue(report.message, fields);
}
function isList(report: ValueReport): report is readonly ValueReport[] {
  return Array.isArray(report);
}

/**
 * Reports whether a value is a list.
 *
 * @example
 * if (isListValue(value)) console.log(value.length);
 */
export const isListValue = (value: Value): value is readonly Value[] => Array.isArray(value);

/** UNKNOWN where a part that decides is. */
export function equal(a: Value, b: Value): boolean | Unknown {
  if (a === UNKNOWN || b === UNKNOWN) return UNKNOWN;
  if (a instanceof OptionalValue && b instanceof OptionalValue) {
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equal(a.value, b.value);
  }
  if (isNumber(a) && isNumber(b)) return Number(a) === Number(b);
  if (isListValue(a) && isListValue(b))
    return a.length === b.length && every(a.map((value, i) => equal(value, b[i] ?? null)));
  if (a instanceof MessageValue && b instanceof MessageValue) {
    if (a.type !== b.type) return false;
    return a === b ? true : equalFields(a, b);
  }
  if (a instanceof MapValue || b instanceof MapValue) return UNKNOWN;
  return a === b;
}
/** A field that only one message has may be zero. */
function equalFields(a: MessageValue, b: MessageValue): boolean | Unknown {
  const names = [...new Set([...a.fields.keys(), ...b.fields.keys()])];
  return every(
    names.map((name) => {
      const [value, other] = [a.fields.get(name), b.fields.get(name)];
      return value === undefined || other === undefined ? UNKNOWN : equal(value, other);
    }),
  );
}
const isNumber = (value: Value): value is bigint | number => typeof value === "bigint" || typeof value === "number";

export function every(all: readonly (boolean | Unknown)[]): boolean | Unknown {
  if (all.includes(false)) return false;
  return all.includes(UNKNOWN) ? UNKNOWN : true;
}

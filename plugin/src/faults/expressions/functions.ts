// Functions of expressions, by the names of their overloads, as far as decisions in a BFF use them. Others return
// unknown values.

import { cel } from "@protobff/runtime/expressions";
import {
  EvaluationError,
  equal,
  every,
  isListValue,
  MapValue,
  MessageValue,
  OptionalValue,
  UNKNOWN,
  type Unknown,
  type Value,
} from "../values/values.ts";
import { LIBRARY, type Operation } from "./library.ts";
import { LISTS, list, negated, order } from "./lists.ts";

/** Undefined: not known here. Throws EvaluationError as the function does. */
export function functionOf(overload: string): Operation | undefined {
  return FUNCTIONS.get(overload) ?? FUNCTIONS.get(overload.replace(/_(?:int64|uint64|double|number|int|uint)$/, ""));
}

const compare =
  (holds: (order: number) => boolean): Operation =>
  ([a = UNKNOWN, b = UNKNOWN]) => {
    const found = order(a, b);
    return found === undefined ? UNKNOWN : holds(found);
  };
const same: Operation = ([a = UNKNOWN]) => a;
/** Reads a wrapper that may be null. */
function unwrapped([a = UNKNOWN]: readonly Value[]): Value {
  if (a === null) throw new EvaluationError("null has no value");
  return a;
}

function isIn([item, all]: readonly Value[]): Value {
  if (item === undefined || all === undefined) return UNKNOWN;
  const mapKeys = all instanceof MapValue ? all.entries.map(([key]) => key) : undefined;
  const keys = isListValue(all) ? all : mapKeys;
  if (keys === undefined) return UNKNOWN;
  const found = every(keys.map((key) => negated(equal(key, item))));
  return negated(found);
}

function at([from, key]: readonly Value[]): Value | undefined {
  if (from === undefined || key === undefined || key === UNKNOWN) return UNKNOWN;
  if (isListValue(from)) {
    const index = Number(key);
    return Number.isInteger(index) && index >= 0 ? from[index] : undefined;
  }
  if (!(from instanceof MapValue)) return UNKNOWN;
  for (const [entryKey, value] of from.entries) {
    const found = equal(entryKey, key);
    if (found === UNKNOWN) return UNKNOWN;
    if (found) return value;
  }
  return from.other;
}

/** `a[?i]`, of an optional too. */
function optionalAt([from, key]: readonly Value[]): Value {
  if (from instanceof OptionalValue) return from.value === undefined ? from : optionalAt([from.value, key ?? null]);
  const found = at([from ?? UNKNOWN, key ?? UNKNOWN]);
  return found === UNKNOWN ? UNKNOWN : new OptionalValue(found);
}

function sizeOf([of]: readonly Value[]): Value {
  if (typeof of === "string") return BigInt([...of].length);
  if (of !== undefined && isListValue(of)) return BigInt(of.length);
  return of instanceof MapValue && of.other === undefined ? BigInt(of.entries.length) : UNKNOWN;
}

function isZero(value: Value): boolean | Unknown {
  if (value === UNKNOWN) return UNKNOWN;
  if (isListValue(value)) return value.length === 0;
  if (value instanceof MessageValue) return value.fields.size === 0;
  if (value instanceof MapValue) return value.entries.length === 0;
  return value === "" || value === 0n || value === 0 || value === false || value === null;
}

const optional =
  (run: (value: Value | undefined, other: Value) => Value): Operation =>
  ([a, b]) =>
    a instanceof OptionalValue ? run(a.value, b ?? UNKNOWN) : UNKNOWN;

function optionalOr([a, b]: readonly Value[]): Value {
  if (!(a instanceof OptionalValue)) return UNKNOWN;
  return a.value === undefined ? (b ?? UNKNOWN) : a;
}

const less = compare((order) => order < 0);
const lessEquals = compare((order) => order <= 0);
const greater = compare((order) => order > 0);
const greaterEquals = compare((order) => order >= 0);
/** Compares the numbers among the arguments, or those of one list. */
const most =
  (best: (numbers: readonly (bigint | number)[]) => bigint | number): Operation =>
  (args) => {
    const [first] = args;
    const all = first !== undefined && isListValue(first) ? first : args;
    const numbers = all.filter((item) => typeof item === "bigint" || typeof item === "number");
    if (numbers.length < all.length) return UNKNOWN;
    return best(numbers);
  };

/** Patterns that mean the same in RE2 and in JavaScript. */
const PLAIN_PATTERN =
  /^(?:[^\\([{?*+]|\\[dDwW.*+?^$|()[\]{}\\/-]|\((?:\?:)?(?!\?)|\[\^?(?:[^\\[\]]|\\[dw.\]\\-])+\]|[*+?]|\{\d+(?:,\d*)?\})*$/;
function matches([text, pattern]: readonly Value[]): Value {
  if (typeof text !== "string" || typeof pattern !== "string" || !PLAIN_PATTERN.test(pattern)) return UNKNOWN;
  return new RegExp(pattern, "u").test(text);
}
const KINDS = ["bool", "string", "timestamp", "duration"];

const FUNCTIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["logical_not", ([a]) => (typeof a === "boolean" ? !a : UNKNOWN)],
  ["equals", ([a = UNKNOWN, b = UNKNOWN]) => equal(a, b)],
  ["not_equals", ([a = UNKNOWN, b = UNKNOWN]) => negated(equal(a, b))],
  ["add_list", ([a, b]) => (a && b && isListValue(a) && isListValue(b) ? [...a, ...b] : UNKNOWN)],
  ...["", ...KINDS.map((kind) => `_${kind}`)].flatMap((kind): [string, Operation][] => [
    [`less${kind}`, less],
    [`less_equals${kind}`, lessEquals],
    [`greater${kind}`, greater],
    [`greater_equals${kind}`, greaterEquals],
  ]),
  ["in_list", isIn],
  ["in_map", isIn],
  ["header", found],
  ["index_list", found],
  ["index_map", found],
  ["optional_index", optionalAt],
  ...["string", "list", "map", "bytes"].map((kind): [string, Operation] => [`size_${kind}`, sizeOf]),
  ["same", same],
  ["to_dyn", same],
  ["unwrap", unwrapped],
  ["int64_to_enum", same],
  ...LIBRARY,
  ...LISTS,
  ["matches", matches],
  ["math_greatest", most(cel.greatest)],
  ["math_least", most(cel.least)],
  ["optional_of", ([a]) => new OptionalValue(a)],
  ["error_detail", () => new OptionalValue()], // mocks send none
  ["optional_none", () => new OptionalValue()],
  [
    "optional_of_non_zero",
    ([a]) => {
      const zero = isZero(a ?? UNKNOWN);
      return zero === UNKNOWN ? UNKNOWN : new OptionalValue(zero ? undefined : a);
    },
  ],
  ["optional_has_value", optional((value) => value !== undefined)],
  [
    "optional_value",
    optional((value) => {
      if (value === undefined) throw new EvaluationError("optional.none() has no value");
      return value;
    }),
  ],
  ["optional_or_value", optional((value, other) => value ?? other)],
  ["optional_or", optionalOr],
  ["list_first", list((a) => new OptionalValue(a[0]))],
  ["list_last", list((a) => new OptionalValue(a.at(-1)))],
  ["list_reverse", list((a) => [...a].reverse())],
  ["take", list((a, most) => (typeof most === "bigint" ? a.slice(0, Number(most)) : UNKNOWN))],
  [
    "optional_unwrap",
    list((a) => a.flatMap((item) => (item instanceof OptionalValue && item.value !== undefined ? [item.value] : []))),
  ],
]);

function found(args: readonly Value[]): Value {
  const value = at(args);
  if (value === undefined) throw new EvaluationError("there is nothing at this index or key");
  return value;
}

// The functions of lists in expressions that compare or make elements, by the names of their overloads.

import { cel } from "@protobff/runtime/expressions";
import { EvaluationError, equal, every, isListValue, UNKNOWN, type Unknown, type Value } from "../values/values.ts";
import { type Operation, timeOf } from "./library.ts";

type List = readonly Value[];

export const list =
  (run: (a: List, b: Value) => Value): Operation =>
  ([a, b]) =>
    a !== undefined && isListValue(a) ? run(a, b ?? null) : UNKNOWN;
const lists =
  (run: (a: List, b: List) => Value): Operation =>
  ([a, b]) =>
    a !== undefined && b !== undefined && isListValue(a) && isListValue(b) ? run(a, b) : UNKNOWN;

/** Less than, equal to or greater than zero; undefined: not known, or without an order. */
export function order(a: Value, b: Value): number | undefined {
  const [x, y] = [timeOf(a), timeOf(b)];
  if (x !== undefined && y !== undefined) return cel.compareTime(x, y);
  const kinds = [a, b].map((value) => (typeof value === "bigint" ? "number" : typeof value));
  if (kinds[0] !== kinds[1] || !["number", "string", "boolean"].includes(kinds[0] ?? "")) return undefined;
  const found = cel.compare(a, b);
  return Number.isNaN(found) ? undefined : found;
}
const sorted = (direction: 1 | -1): Operation =>
  list((all) => {
    const [first = UNKNOWN] = all;
    if (all.length < 2) return all;
    // With an order between the first and each other, all are of one kind.
    if (all.some((item) => order(first, item) === undefined)) return UNKNOWN;
    return all.toSorted((a, b) => direction * (order(a, b) ?? 0));
  });

export const negated = (value: boolean | Unknown): boolean | Unknown => (value === UNKNOWN ? value : !value);
/** Whether an element of `all` equals `item`. */
const has = (all: List, item: Value): boolean | Unknown =>
  negated(every(all.map((other) => negated(equal(other, item)))));
const holdsAll = (all: List, part: List): boolean | Unknown => every(part.map((item) => has(all, item)));

function distinct(all: List): Value {
  const kept: Value[] = [];
  for (const item of all) {
    const known = has(kept, item);
    if (known === UNKNOWN) return UNKNOWN;
    if (!known) kept.push(item);
  }
  return kept;
}

function flattened(all: List, depth: bigint): Value {
  if (depth < 0n) throw new EvaluationError("a negative depth");
  if (depth > 0n && all.includes(UNKNOWN)) return UNKNOWN;
  if (depth === 0n || !all.some(isListValue)) return all;
  return flattened(
    all.flatMap((item) => (isListValue(item) ? item : [item])),
    depth - 1n,
  );
}

/** The runtime makes longer ones; no table of faults needs them. */
const MAX_ELEMENTS = 10_000n;
const MAX_RANGE_ELEMENTS = 10_000_000n;
const range: Operation = ([count]) => {
  if (typeof count !== "bigint") return UNKNOWN;
  if (count < 0n || count > MAX_RANGE_ELEMENTS) throw new EvaluationError("out of range");
  return count > MAX_ELEMENTS ? UNKNOWN : Array.from({ length: Number(count) }, (_, i) => BigInt(i));
};

export const LISTS: readonly [string, Operation][] = [
  ["list_sort", sorted(1)],
  ["list_sort_desc", sorted(-1)],
  ["list_distinct", list(distinct)],
  ["list_flatten", list((all) => flattened(all, 1n))],
  ["list_flatten_depth", list((all, depth) => (typeof depth === "bigint" ? flattened(all, depth) : UNKNOWN))],
  ["lists_range", range],
  ["set_contains", lists(holdsAll)],
  ["set_equivalent", lists((a, b) => every([holdsAll(a, b), holdsAll(b, a)]))],
  ["set_intersects", lists((a, b) => negated(every(b.map((item) => negated(has(a, item))))))],
];

// The interpreter of faults has every function of the language, or lists it as unknown on purpose.
import { expect, test } from "vitest";
import { overloadNames } from "../../../plugin/src/cel/types/functions/signatures.ts";
import type { TreeReport } from "../../../plugin/src/faults/behaviour.ts";
import { evaluate } from "../../../plugin/src/faults/expressions/evaluate.ts";
import { functionOf } from "../../../plugin/src/faults/expressions/functions.ts";
import { EvaluationError, MayFail, UNKNOWN, type Value } from "../../../plugin/src/faults/values/values.ts";

/** Overloads that a table of faults leaves unknown on purpose. */
const UNKNOWN_OVERLOADS: ReadonlySet<string> = new Set([
  // Their values differ from request to request.
  "random_uuid",
  "random_double",
  // Tokens depend on keys, on the caller and on the hour.
  ...["page_seal", "page_open"],
  // Whether amounts have one currency depends on the answers.
  ...["money_add", "money_sum", "money_multiply"],
  // Values of bytes and of types are in no plan.
  ...["add_bytes", "less_bytes", "less_equals_bytes", "greater_bytes", "greater_equals_bytes"],
  ...["string_to_bytes", "bytes_to_string", "base64_encode", "base64_decode", "type"],
  "shard_names",
  // These need an engine of patterns, a database of time zones or a reader of URLs, or a digest, all of which are in the runtime.
  ...["regex_extract_string_string", "regex_extractAll_string_string"],
  ...["regex_replace_string_string_string", "regex_replace_string_string_string_int"],
  ...["timestamp_format", "timestamp_truncate", "timestamp_addYears", "timestamp_addMonths", "timestamp_addDays"],
  "share_of",
  ...["url_is_url", "url_scheme", "url_host", "url_hostname", "url_port", "url_escaped_path", "url_query"],
]);

/** The interpreter evaluates these itself, since not all of their operands are. */
const LAZY = ["logical_and", "logical_or", "conditional"];

test("each overload of the language is implemented, or unknown on purpose", () => {
  const names = overloadNames();
  expect(names.length).toBeGreaterThan(150);
  const missing = names.filter(
    (name) => functionOf(name) === undefined && !UNKNOWN_OVERLOADS.has(name) && !LAZY.includes(name),
  );
  expect(missing).toEqual([]);
  expect([...UNKNOWN_OVERLOADS].filter((name) => functionOf(name) !== undefined || !names.includes(name))).toEqual([]);
});

const cases: readonly (readonly [overload: string, args: readonly Value[], expected: Value | typeof Error])[] = [
  ["math_round", [-2.5], -3],
  ["math_round", [0.49999999999999994], 0],
  ["math_sign_uint", [7n], 1n],
  ["math_bit_not_uint", [0n], 2n ** 64n - 1n],
  ["math_shift_right_int", [-1n, 63n], 1n],
  ["math_shift_left_int", [1n, -1n], Error],
  ["index_of", ["a😀b", "b"], 2n],
  ["index_of", ["abc", "c", 4n], Error],
  ["last_index_of", ["abab", "ab", 1n], 0n],
  ["replace", ["aaa", "a", "b", 2n], "bba"],
  ["replace", ["ab", "", "-"], "-a-b-"],
  ["split", ["a,b,c", ",", 2n], ["a", "b,c"]],
  ["repeat", ["ab", -1n], Error],
  ["quote", ['a"\n'], '"a\\"\\n"'],
  ["double_to_string", [Infinity], "+Inf"],
  ["list_sort", [[3n, 1n, 2n]], [1n, 2n, 3n]],
  ["list_sort", [[1n, UNKNOWN]], UNKNOWN],
  ["list_sort_desc", [["😀", "\uffff"]], ["😀", "\uffff"]],
  ["list_distinct", [[1n, 2n, 1n]], [1n, 2n]],
  ["list_flatten_depth", [[[["a"]]], 1n], [["a"]]],
  ["lists_range", [3n], [0n, 1n, 2n]],
  ["lists_range", [10_000_001n], Error],
  ["lists_range", [10_000_000n], UNKNOWN],
  ["set_intersects", [[1n, UNKNOWN], [1n]], true],
  ["int64_to_duration", [10_000_000_000n], Error],
  ["url_decode", ["%zz"], Error],
  ["set_contains", [[1n, UNKNOWN], [2n]], UNKNOWN],
];
test.each(cases)("%s, case %#", (overload, args, expected) => {
  const run = () => functionOf(overload)?.(args);
  if (expected === Error) expect(run).toThrow(EvaluationError);
  else expect(run()).toEqual(expected);
});

test("an error under an unknown condition is possible, not certain", () => {
  const unknown: TreeReport = { name: "unknown" };
  const error: TreeReport = { call: "string_to_int64", args: [{ value: "x" }], fails: true };
  const isError: TreeReport = { call: "equals", args: [error, { value: { int: "1" } }], fails: true };
  const sees = {
    strict: false,
    userFunction: () => UNKNOWN,
    value: () => UNKNOWN,
    ok: () => true,
    set: () => true,
    failure: () => undefined,
  };
  const trees: readonly TreeReport[] = [
    { call: "conditional", args: [unknown, error, { value: { int: "0" } }], fails: true },
    { call: "logical_or", args: [unknown, isError], fails: true },
    { macro: "map", range: unknown, vars: ["item"], args: [error] },
  ];
  for (const tree of trees) expect(() => evaluate(tree, sees)).toThrow(MayFail);
  expect(evaluate({ macro: "map", range: unknown, vars: ["item"], args: [{ name: "item" }] }, sees)).toBe(UNKNOWN);
  expect(evaluate({ call: "logical_or", args: [isError, { value: true }], fails: true }, sees)).toBe(true);
});

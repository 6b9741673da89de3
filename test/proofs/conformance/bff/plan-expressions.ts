// Drafts about expressions: operators and functions over edge values.
import type { Plan } from "./plan-faults.ts";

const INTS = ["0", "1", "-1", "7", "-7", "9223372036854775807", "-9223372036854775808"];
const DOUBLES = [0, 1.5, -2.25, 1e308, "Infinity", "NaN"];
const plan = (rpc: string, holds: readonly string[], requests: readonly object[]): Plan => ({
  rpc: `expressions.ExpressionService/Get${rpc}`,
  holds,
  requests: requests as NonNullable<Plan["requests"]>,
});
const pairs = <T>(values: readonly T[]): readonly (readonly [T, T])[] =>
  values.flatMap((a) => values.map((b) => [a, b] as const));
const ops = (names: readonly string[], of: readonly object[]): readonly object[] =>
  names.flatMap((op) => of.map((request) => ({ op, ...request })));
const NUMBERS = [[], ["3"], ["3", "1", "2", "3"], ["0", "5"], ["9223372036854775807", "1"]];
const WORDS = [{}, { a: "x" }, { a: "1", b: "2", "": "empty" }];

export const expressions: readonly Plan[] = [
  plan(
    "Integers",
    ["expressions.1", "expressions.2"],
    ops(
      ["+", "-", "*", "/", "%", "max", "min"],
      pairs(INTS).map(([n, m]) => ({ n, m })),
    ),
  ),
  plan(
    "Integers",
    ["expressions.1", "expressions.7"],
    ops(
      ["neg", "uint"],
      INTS.map((n) => ({ n })),
    ),
  ),
  plan(
    "Integers",
    ["expressions.1"],
    ops(
      ["u+", "u-", "none"],
      ["0", "1", "18446744073709551615", "9223372036854775807", "9223372036854775808"].map((u) => ({ u })),
    ),
  ),
  plan(
    "Doubles",
    ["expressions.4"],
    ops(
      ["+", "-", "*", "/"],
      pairs(DOUBLES).map(([x, y]) => ({ x, y })),
    ),
  ),
  plan(
    "Doubles",
    ["expressions.4"],
    [
      ...ops(
        ["neg"],
        DOUBLES.map((x) => ({ x })),
      ),
      ...ops(
        ["double"],
        INTS.map((n) => ({ n })),
      ),
    ],
  ),
  plan(
    "Texts",
    ["expressions.5"],
    ops(
      ["+", "lower", "upper", "replace", "trim", "split", "size", "indexOf", "lastIndexOf"],
      ["", "aBa", " a,b ,c ", "é🚀a", "ÀÉa"].flatMap((text) => ["a", "🚀", ""].map((id) => ({ text, id }))),
    ),
  ),
  plan(
    "Texts",
    ["expressions.5", "expressions.2"],
    ops(
      ["substring", "charAt"],
      ["abc", "é🚀a", ""].flatMap((text) =>
        [
          ["0", "1"],
          ["1", "3"],
          ["2", "2"],
          ["-1", "1"],
          ["2", "9"],
          ["2", "1"],
        ].map(([n, m]) => ({ text, n, m })),
      ),
    ),
  ),
  plan(
    "Texts",
    ["expressions.6"],
    ops(
      ["join"],
      [[], ["a"], ["a", "", "b"]].flatMap((ids) => ["", ", "].map((text) => ({ ids, text }))),
    ),
  ),
  plan(
    "Bools",
    ["expressions.6"],
    ops(
      ["<", "<=", ">", ">=", "==", "!="],
      pairs(["0", "1", "-1", "9223372036854775807"]).map(([n, m]) => ({ n, m })),
    ),
  ),
  plan(
    "Bools",
    ["expressions.5"],
    ops(
      ["text<", "starts", "ends", "contains"],
      [
        ["", ""],
        ["a", "b"],
        ["b", "a"],
        ["ab", "a"],
        ["ab", "b"],
        ["￿", "🚀"],
        ["🚀", "￿"],
      ].map(([text, id]) => ({ text, id })),
    ),
  ),
  plan(
    "Bools",
    ["expressions.3", "expressions.2"],
    ops(
      ["and", "dna", "or", "ro"],
      ["0", "1", "20"].flatMap((n) => [{ n }, { n, flag: true }]),
    ),
  ),
  plan(
    "Bools",
    ["expressions.3", "expressions.6"],
    ops(
      ["all", "exists", "exists_one"],
      [[], ["1"], ["0"], ["0", "1"], ["20", "0"], ["1", "2", "3"]].flatMap((numbers) =>
        ["0", "2"].map((n) => ({ numbers, n })),
      ),
    ),
  ),
  plan(
    "Bools",
    ["expressions.6"],
    [
      ...ops(
        ["in"],
        [[], ["a"], ["b", "a"]].flatMap((ids) => ["a", ""].map((text) => ({ ids, text }))),
      ),
      ...ops(
        ["key"],
        WORDS.flatMap((words) => ["a", ""].map((text) => ({ words, text }))),
      ),
    ],
  ),
  plan(
    "Bools",
    ["expressions.8", "expressions.4"],
    ops(
      ["mixed", "nan"],
      DOUBLES.flatMap((x) => ["0", "1", "-3", "9223372036854775807"].map((n) => ({ x, n }))),
    ),
  ),
  plan(
    "Lists",
    ["expressions.6", "expressions.2"],
    ops(
      [
        "filter",
        "map",
        "mapif",
        "+",
        "index",
        "size",
        "div",
        "bind",
        "take",
        "sum",
        "sort",
        "reverse",
        "distinct",
        "sortBy",
        "sortDesc",
        "first",
        "at",
      ],
      NUMBERS.flatMap((numbers) => ["0", "2", "-1"].map((n) => ({ numbers, n, m: "10" }))),
    ),
  ),
  plan(
    "Maps",
    ["expressions.6", "expressions.2"],
    ops(
      ["key", "maybe", "size", "keys", "values"],
      WORDS.flatMap((words) => ["a", "", "q"].map((text) => ({ words, text }))),
    ),
  ),
  plan(
    "Maps",
    ["expressions.6"],
    ops(
      ["literal"],
      ["a", "b", ""].map((id) => ({ id, text: "t" })),
    ),
  ),
  plan(
    "Conversions",
    ["expressions.7"],
    ops(
      ["int", "uint", "double", "bool", "bytes", "duration"],
      ["", "0", "42", "-42", "1e3", "x", "true", "false", "9223372036854775808", "1h30m", "1.5s", "é"].map((text) => ({
        text,
      })),
    ),
  ),
  plan(
    "Conversions",
    ["expressions.7"],
    [
      ...ops(
        ["trunc"],
        [0, 1.9, -1.9, 1e19, "NaN"].map((x) => ({ x })),
      ),
      ...ops(
        ["string"],
        INTS.map((n) => ({ n })),
      ),
      ...ops(
        ["utf8"],
        ["", "YQ==", "w6k=", "/w=="].map((data) => ({ data })),
      ),
    ],
  ),
  plan(
    "Conversions",
    ["expressions.7"],
    ops(
      ["time", "seconds", "year"],
      [
        "2020-01-02T03:04:05Z",
        "2020-01-02T03:04:05.125+01:00",
        "1969-12-31T23:59:59Z",
        "2020-13-01T00:00:00Z",
        "soon",
      ].map((text) => ({ text })),
    ),
  ),
];

// The compiled code against @bufbuild/cel's interpreter: both must return the same value for one expression over one
// message.
import { create, type Message } from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { compiled, FAILED, interpreted, sameResult } from "./testing/both-ways.ts";
import { EMITTED_CASES } from "./testing/emitted-cases.ts";
import { MESSAGE, NESTED } from "./testing/fixtures.ts";

/** Cases beyond those printed in emit.test.ts: values at the limits of their types. */
const EDGES = [
  "9223372036854775807 + 1",
  "-9223372036854775808 - 1",
  "-(-9223372036854775808)",
  "9223372036854775807 * 2",
  "1 / 0",
  "1 % 0",
  "-7 / 2",
  "-7 % 2",
  "0u - 1u",
  "18446744073709551615u + 1u",
  "1.0 / 0.0",
  "s.single_int32 / -1",
  "s.single_int32 * s.single_int32 * s.single_int32",
  "[1, 2, 3][3]",
  "[1, 2, 3][-1]",
  "{'a': 1}['b']",
  "{1: 'a', 2u: 'b'}[2]",
  "{'a': 1, 'a': 2}",
  "1 / 0 > 1 && false",
  "false && 1 / 0 > 1",
  "1 / 0 > 1 || true",
  "[0, 1].exists(x, 1 / x > 0)",
  "[0, 1].all(x, 1 / x > 1)",
  "[0, 0].all(x, 1 / x > 1)",
  "[1, 2, 3].exists_one(x, x > 2)",
  "size('a🚀b')",
  "size(b'\\xff')",
  "'a🚀b'.substring(1, 2)",
  "'a🚀b'.indexOf('b')",
  "'🚀' > '\\uffee'",
  "int(1e19)",
  "int(-1.9)",
  "uint(-1)",
  "int('x')",
  "int('-12')",
  "double('1e3')",
  "string(1.5)",
  "string(b'\\xff')",
  "bool('maybe')",
  "1 == 1.0",
  "1u == 1",
  "[1, 2.0] == [1.0, 2]",
  "{'a': 1} == {'a': 1.0}",
  "0.0 / 0.0 == 0.0 / 0.0",
  "duration('1h1m') - duration('90s')",
  "timestamp('2020-02-29T12:00:00Z') + duration('24h')",
  "timestamp('2020-02-29T12:00:00.5Z').getMilliseconds()",
  "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
  "timestamp('2020-02-29T23:00:00Z').getDate('+02:00')",
  "timestamp('2020-12-31T00:00:00Z').getDayOfYear()",
  "TestAllTypes{single_int32: 5} == TestAllTypes{single_int32: 5}",
  "TestAllTypes{single_int32: 5} == TestAllTypes{single_int64: 5}",
  "s.single_nested_message.bb + s.standalone_message.bb",
  "has(s.standalone_message) || has(s.single_nested_message)",
];

function message(more: object): Message {
  return create(MESSAGE.desc, {
    singleInt32: 7,
    singleInt64: 9_007_199_254_740_993n,
    singleUint32: 4_000_000_000,
    singleUint64: 18_000_000_000_000_000_000n,
    singleDouble: 2.5,
    singleFloat: 0.5,
    singleString: "héllo, 🚀",
    singleBytes: new Uint8Array([1, 2]),
    standaloneEnum: 1,
    repeatedInt32: [1, 2, 7],
    repeatedInt64: [3n, 4n],
    repeatedUint64: [5n],
    repeatedDouble: [1.5, 2.5],
    repeatedString: ["x", "y"],
    mapStringString: { a: "1", x: "2" },
    mapStringInt64: { a: 1n },
    mapInt32Int64: { 3: 4n },
    mapInt64String: { 3: "c", 9: "d" },
    mapBoolString: { true: "t" },
    nestedType: { case: "singleNestedMessage", value: create(NESTED.desc, { bb: 4 }) },
    singleTimestamp: create(wkt.TimestampSchema, { seconds: 1_600_000_000n, nanos: 5 }),
    singleInt64Wrapper: 5n,
    singleStruct: { x: "y", n: 2 },
    ...more,
  } as Record<string, unknown>);
}

const list = [message({ singleBool: true, singleString: "a" }), message({ singleInt32: -3, singleInt64: 2n })];
const s = message({});
const variables = { s, list, count: 3n };
/** Expressions that the interpreter does not support, or evaluates differently from the specification. */
const OURS =
  /\bok\(|headers|args|env\.|\bnow\b|\bcount\b.*Value|take\(|sum\(|optional|\ba\.|\bb\.|orValue|math\.|lists\.|sets\.|base64\.|cel\.bind|\.\?|\[\?|, \?|\{\?|flatten|sort|regex\.|url\.|random\.|enums\.|NestedEnum\.(from|parse)|NestedEnum\(|\.(format\('|truncate|add(Days|Months|Years))|\.(lower|upper|repeat|trimPrefix|trimSuffix|reduce|first)\(|slice|distinct|reverse\(\)|last\(\)|\((i|k), v,|optMap|map\(x, dyn|_any\b/;
const INTERPRETER_DIFFERS = new Set([
  "'🚀' > '\\uffee'",
  "'a🚀b'.substring(1, 2)",
  "'a🚀b'.indexOf('b')",
  // The interpreter allows no null in lists and maps of messages.
  ...(EMITTED_CASES.NULLS ?? []).map(([expression]) => expression),
]);

const expressions = [
  ...Object.values(EMITTED_CASES)
    .flat()
    .map(([expression]) => expression),
  ...EDGES,
].filter((expression) => !OURS.test(expression) && !INTERPRETER_DIFFERS.has(expression));

it.each([...new Set(expressions)])("%s", (expression) => {
  const ours = compiled(expression, variables);
  if (ours === undefined) return;
  const theirs = interpreted(expression, variables);
  expect(ours.value !== FAILED || ours.fails, `${expression} may fail`).toBe(true);
  expect(sameResult(ours.value, theirs), `${ours.code} gives ${String(ours.value)}, not ${String(theirs)}`).toBe(true);
});

it("texts are counted and ordered by code point, while the interpreter uses UTF-16", () => {
  expect(compiled("'a🚀b'.substring(1, 2)", variables)?.value).toBe("🚀");
  expect(compiled("'a🚀b'.indexOf('b')", variables)?.value).toBe(2n);
  expect(compiled("'🚀' > s.single_string + '\\uffee'", variables)?.value).toBe(true);
});

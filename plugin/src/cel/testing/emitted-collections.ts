// Lists, maps, and functions over their items.
import { ScalarType } from "@bufbuild/protobuf";
import type { Proto } from "../index.ts";
import type { Case } from "./emitted-cases.ts";
import { INT32, INT64, STRING } from "./fixtures.ts";

const list = (of: Proto): Proto => ({ kind: "list", of });

export const LISTS: readonly Case[] = [
  ["list.map(f, f.single_string)", "list.map((f) => f.singleString)"],
  ["list.map(f, f.single_string)", "list.map((f) => f.singleString)", list(STRING)],
  [
    "list.filter(f, f.single_int32 > 3).map(f, f.single_int64)",
    "list.filter((f) => f.singleInt32 > 3).map((f) => toInt32(f.singleInt64))",
    list(INT32),
  ],
  [
    "list.map(f, f.single_int32 > 1, f.single_int32)",
    "list.filter((f) => f.singleInt32 > 1).map((f) => f.singleInt32)",
  ],
  ["list.exists(f, f.single_bool)", "list.some((f) => f.singleBool)"],
  ["list.all(f, f.single_int64 / count > 1)", "all(list, (f) => divideInt(f.singleInt64, count) > 1n)"],
  ["list.all(f, f.single_int64 / 2 > 1)", "list.every((f) => f.singleInt64 / 2n > 1n)"],
  ["list.exists_one(f, f.single_string == 'a')", 'list.filter((f) => f.singleString === "a").length === 1'],
  ["list[0].single_string", "at(list, 0).singleString"],
  ["s.repeated_int32[s.single_int32]", "at(s.repeatedInt32, s.singleInt32)"],
  ["list.take(3)", "list.slice(0, 3)"],
  ["list.take(s.single_int32)", "take(list, s.singleInt32)"],
  ["list.map(f, f.single_int32).sum()", "sumInt(list.map((f) => f.singleInt32))", INT64],
  ["s.repeated_double.sum()", "sum(s.repeatedDouble)"],
  ["s.repeated_uint64.sum()", "sumUint(s.repeatedUint64)"],
  ["s.repeated_string.sortDesc()", "sortDesc(s.repeatedString)"],
  ["list.sortDesc(f, f.single_int64)", "sortByDesc(list, (f) => f.singleInt64)"],
  ["list.first(f, f.single_bool).orValue(s).single_string", "(list.find((f) => f.singleBool) ?? s).singleString"],
  ["list.first(f, f.single_bool).hasValue()", "list.find((f) => f.singleBool) !== undefined"],
  ["s.repeated_int32.first(x, x > 2)", "s.repeatedInt32.find((x) => x > 2)", INT32],
  ["list.reduce(sum, f, sum + f.single_int64, 0)", "reduce(list, 0n, (sum, f) => addInt(sum, f.singleInt64))", INT64],
  ["list.reduce(text, f, text + '!', '')", 'reduce(list, "", (text) => text + "!")'],
  [
    "list.reduce(ids, f, ids + [f.single_string], [])",
    "reduce(list, [] as string[], (ids, f) => [...ids, f.singleString])",
  ],
  ["list.reduce(last, f, f.single_int32, 0)", "reduce(list, 0n, (_last, f) => BigInt(f.singleInt32))", INT64],
  ["1 in s.repeated_int32", "s.repeatedInt32.includes(1)"],
  ["args.id in ['a', 'b']", '["a", "b"].includes(args.id)'],
  ["s.single_int64 in s.repeated_int32", "isIn(s.singleInt64, s.repeatedInt32)"],
  ["s.single_double in [1.0]", "isIn(s.singleDouble, [1])"],
  ["s.repeated_int32 + [1]", "[...s.repeatedInt32, 1]"],
  ["s.repeated_string + ['x'] + s.repeated_string", '[...s.repeatedString, "x", ...s.repeatedString]'],
  ["[1, s.single_int32]", "[1, s.singleInt32]", list(INT32)],
  ["s.repeated_int64", "s.repeatedInt64.map(toInt32)", list(INT32)],
  ["s.repeated_int32.map(x, x * 2)", "s.repeatedInt32.map((x) => toInt32(x * 2))", list(INT32)],
  ["s.single_int32 > 2 ? s.repeated_string : []", "s.singleInt32 > 2 ? s.repeatedString : []", list(STRING)],
  ["[1, 2].map(x, x + s.single_int64)", "[1n, 2n].map((x) => addInt(x, s.singleInt64))"],
  ["s.repeated_int32 == [1]", "equal(s.repeatedInt32, [1n])"],
  ["s.repeated_int64_wrapper.map(w, w + 1)", "s.repeatedInt64Wrapper.map((w) => addInt(w.value, 1n))"],
  [
    "list.map(f, list.filter(g, g.single_int32 == f.single_int32))",
    "list.map((f) => list.filter((g) => g.singleInt32 === f.singleInt32))",
  ],
  [
    "s.standalone_message == s.repeated_nested_message[0]",
    "equal(s.standaloneMessage ?? create(TestAllTypes_NestedMessageSchema), at(s.repeatedNestedMessage, 0))",
  ],
];

export const MAPS: readonly Case[] = [
  ["s.map_string_string['a']", 'entry(s.mapStringString, "a")'],
  ["s.map_string_int64.a", 'entry(s.mapStringInt64, "a")'],
  ["'a' in s.map_string_string", 'Object.hasOwn(s.mapStringString, "a")'],
  ["s.map_int32_int64[3]", "entry(s.mapInt32Int64, 3)"],
  ["s.map_int64_string[3]", "entry(s.mapInt64String, 3)"],
  ["3 in s.map_int64_string", "Object.hasOwn(s.mapInt64String, 3)"],
  ["s.map_string_string.map(k, k)", "Object.keys(s.mapStringString).map((k) => k)"],
  ["s.map_int64_string.exists(k, k > 4)", "Object.keys(s.mapInt64String).map(BigInt).some((k) => k > 4n)"],
  ["s.map_int32_int64.exists(k, k > 4)", "Object.keys(s.mapInt32Int64).map(Number).some((k) => k > 4)"],
  ["s.map_bool_string.exists(k, k)", 'Object.keys(s.mapBoolString).map((key) => key === "true").some((k) => k)'],
  ["{'a': args.id}", "{ a: args.id }", { kind: "map", key: ScalarType.STRING, of: STRING }],
  ["{args.id: 1}", "toRecord(new Map([[args.id, 1n]]), toInt32)", { kind: "map", key: ScalarType.STRING, of: INT32 }],
];

export const LIST_FUNCTIONS: readonly Case[] = [
  ["s.repeated_string.slice(0, 2)", "slice(s.repeatedString, 0, 2)"],
  ["[[1], [2, 3]].flatten()", "[[1n], [2n, 3n]].flat()"],
  ["list.map(f, f.repeated_string).flatten() ", "list.map((f) => f.repeatedString).flat()"],
  ["s.repeated_string.sort()", "sort(s.repeatedString)"],
  ["s.repeated_int32.sort()", "sort(s.repeatedInt32).map(BigInt)"],
  ["list.sortBy(f, f.single_string)", "sortBy(list, (f) => f.singleString)"],
  ["list.sortBy(f, -f.single_int64).take(10)", "sortBy(list, (f) => negateInt(f.singleInt64)).slice(0, 10)"],
  [
    "list.map(f, f.repeated_int64).flatten().sortBy(h, -h).take(10)",
    "sortBy(list.map((f) => f.repeatedInt64).flat(), (h) => negateInt(h)).slice(0, 10)",
  ],
  ["s.repeated_string.distinct()", "distinct(s.repeatedString)"],
  ["s.repeated_string.reverse()", "s.repeatedString.toReversed()"],
  ["lists.range(3)", "range(3).map(BigInt)"],
  ["lists.range(s.single_int32).map(i, i * 2)", "range(s.singleInt32).map((i) => multiplyInt(BigInt(i), 2n))"],
  ["sets.contains(s.repeated_string, ['a'])", 'containsAll(s.repeatedString, ["a"])'],
  ["sets.intersects(s.repeated_int32, [1, 2])", "intersects(s.repeatedInt32, [1n, 2n])"],
  ["base64.encode(s.single_bytes)", "encodeBase64(s.singleBytes)"],
  ["base64.decode(s.single_string)", "decodeBase64(s.singleString)"],
  [
    "s.repeated_int32.map(x, x + 1).map(y, y * 2)",
    "s.repeatedInt32.map((x) => x + 1).map((y) => multiplyInt(BigInt(y), 2n))",
  ],
  [
    "s.repeated_int32.filter(x, x > 1).map(y, y * 2)",
    "s.repeatedInt32.filter((x) => x > 1).map((y) => y * 2).map(BigInt)",
  ],
  ["[[1, 2], [3]].map(x, x.map(y, y + 1))", "[[1n, 2n], [3n]].map((x) => x.map((y) => addInt(y, 1n)))"],
  ["[1, 2, 3].flatten(1)", "flatten([1n, 2n, 3n], 1)"],
];

export const TWO_VARIABLES: readonly Case[] = [
  ["s.repeated_string.all(i, v, i < 3 && v != '')", 's.repeatedString.every((v, i) => i < 3 && v !== "")'],
  ["s.repeated_int64.exists(i, v, v / count > 1)", "exists(s.repeatedInt64, (v) => divideInt(v, count) > 1n)"],
  ["s.repeated_string.existsOne(i, v, v == 'a')", 's.repeatedString.filter((v) => v === "a").length === 1'],
  ["s.repeated_string.transformList(i, v, string(i) + v)", "s.repeatedString.map((v, i) => String(i) + v)"],
  ["s.repeated_string.transformList(i, v, i > 0, v)", "s.repeatedString.flatMap((v, i) => i > 0 ? [v] : [])"],
  ["s.map_string_string.transformList(k, v, k + v)", "Object.entries(s.mapStringString).map(([k, v]) => k + v)"],
  ["s.map_string_string.all(k, v, k != v)", "Object.entries(s.mapStringString).every(([k, v]) => k !== v)"],
  ["s.map_int32_int64.exists(k, v, k == 3)", "entriesBy(s.mapInt32Int64, BigInt).some(([k]) => k === 3n)"],
  [
    "s.map_string_int64.transformMap(k, v, v * 2)",
    "transformMap(Object.entries(s.mapStringInt64), ([, v]) => multiplyInt(v, 2n))",
  ],
  [
    "s.repeated_string.transformMap(i, v, size(v) > 1, v + '!')",
    'transformMap(numbered(s.repeatedString), ([, v]) => v + "!", ([, v]) => textSize(v) > 1)',
  ],
  [
    "s.map_string_string.transformMapEntry(k, v, {v: k})",
    "transformMapEntry(Object.entries(s.mapStringString), ([k, v]) => new Map([[v, k]]))",
  ],
  ["{'a': 1}.exists(k, v, v > 0)", '[...new Map([["a", 1n]])].some(([, v]) => v > 0n)'],
];

export const CLOSURES: readonly Case[] = [
  [
    "ok(args.stock) && list.exists(f, f.single_int32 == args.stock.single_int32)",
    "args.stock !== undefined && list.some((f) => f.singleInt32 === (args.stock?.singleInt32 ?? 0))",
  ],
  [
    "list.map(f, f.single_int32 + args.stock.single_int32)",
    "list.map((f) => f.singleInt32 + (args.stock?.singleInt32 ?? 0)).map(BigInt)",
  ],
  [
    "s.single_int64 / count > 1 || count / args.stock.single_int64 > 1",
    "or(() => divideInt(s.singleInt64, count) > 1n, () => divideInt(count, args.stock?.singleInt64 ?? 0n) > 1n)",
  ],
  ["s.single_int32 in [1, 2]", "[1, 2].includes(s.singleInt32)"],
  ["s.single_bool == (s.single_int32 > 3)", "s.singleBool === (s.singleInt32 > 3)"],
  ["(s.single_int32 == 1) == s.single_bool", "(s.singleInt32 === 1) === s.singleBool"],
];

export const BINDINGS: readonly Case[] = [
  ["cel.bind(x, s.single_int64 * 2, x > 5)", "multiplyInt(s.singleInt64, 2n) > 5n"],
  [
    "cel.bind(x, s.single_int64 * 2, x * x)",
    "((x) => multiplyInt(x(), x()))(once(() => multiplyInt(s.singleInt64, 2n)))",
  ],
  ["cel.bind(x, s.single_string, x + x)", "s.singleString + s.singleString"],
  [
    "cel.bind(x, s.repeated_string, list.filter(f, f.single_string in x))",
    "list.filter((f) => s.repeatedString.includes(f.singleString))",
  ],
  [
    "cel.bind(x, size(s.repeated_string), x > 3 && x < 10)",
    "((x) => x > 3n && x < 10n)(BigInt(s.repeatedString.length))",
  ],
];

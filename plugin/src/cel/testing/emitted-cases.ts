// For tests: expressions with what is printed for them. Grouped by what they show.
import { ScalarType } from "@bufbuild/protobuf";
import type { Proto } from "../index.ts";
import { DOUBLE, INT32, INT64, NESTED, STRING, UINT32 } from "./fixtures.ts";

/** An expression, the code of its value, and with `as` that of its value in a representation. */
export type Case = readonly [expression: string, code: string, as?: Proto];

const list = (of: Proto): Proto => ({ kind: "list", of });

export const VALUES: readonly Case[] = [
  ["s.single_int64", "s.singleInt64"],
  ["s.single_int32", "BigInt(s.singleInt32)", INT64],
  ["s.single_int64", "toInt32(s.singleInt64)", INT32],
  ["s.standalone_message.bb", "s.standaloneMessage?.bb ?? 0"],
  ["s.standalone_message", "s.standaloneMessage ?? create(TestAllTypes_NestedMessageSchema)"],
  ["s.single_nested_message.bb", 'oneofValue(s.nestedType, "singleNestedMessage")?.bb ?? 0'],
  ["args.id", "args.id"],
  ["env.LIMIT + 1", "addInt(env.LIMIT, 1n)"],
  ["now", "cx.now()"],
  ["count", "count"],
  ["count", "toInt32(count)", INT32],
  ["'it\\'s'", '"it\'s"'],
  ["b'a'", "Uint8Array.of(97)"],
  ["1.5", "1.5"],
  ["-9223372036854775808", "-9223372036854775808n"],
  ["null", "null"],
  ["[1, 2u, 'x']", '[1n, uint(2), "x"]'],
  ["{'a': 1}", 'new Map([["a", 1n]])'],
  ["{1: 'a', 2: 'b'}", 'new Map([[1n, "a"], [2n, "b"]])'],
];

export const PRESENCE: readonly Case[] = [
  ["has(s.standalone_message)", "s.standaloneMessage !== undefined"],
  ["has(s.single_nested_message)", 's.nestedType.case === "singleNestedMessage"'],
  ["has(a.standalone_message.bb)", "(a.standaloneMessage?.bb ?? 0) !== 0"],
  ["has(s.single_int32)", "s.singleInt32 !== 0"],
  ["has(s.single_bool)", "s.singleBool"],
  ["has(s.repeated_int32)", "s.repeatedInt32.length > 0"],
  ["has(s.map_string_string)", "Object.keys(s.mapStringString).length > 0"],
  ["has(s.map_string_string.x)", 'Object.hasOwn(s.mapStringString, "x")'],
  ["has(s.single_int64_wrapper)", "s.singleInt64Wrapper !== undefined"],
  ["ok(a)", "a !== undefined"],
  ["ok(s)", "true"],
  ["!ok(a)", "a === undefined"],
  ["ok(a) ? a.single_string : ''", 'a !== undefined ? a.singleString : ""'],
  ["ok(a) && a.single_int32 > 3", "a !== undefined && a.singleInt32 > 3"],
  ["!ok(a) || a.single_bool", "a === undefined || a.singleBool"],
  [
    "ok(a) && ok(b) && a.single_int32 == b.single_int32",
    "a !== undefined && b !== undefined && a.singleInt32 === b.singleInt32",
  ],
  ["ok(args.stock) ? args.stock.single_int32 : 0", "args.stock !== undefined ? args.stock.singleInt32 : 0"],
];

/** Where TypeScript would refuse to read what it knows to be unset. */
export const CONTRADICTIONS: readonly Case[] = [
  [
    "has(s.standalone_message) ? 1 : s.standalone_message.bb",
    "Boolean(s.standaloneMessage !== undefined) ? 1 : s.standaloneMessage?.bb ?? 0",
    INT32,
  ],
  [
    "has(s.single_nested_message) || s.single_nested_message.bb == 0",
    'Boolean(s.nestedType.case === "singleNestedMessage") || (oneofValue(s.nestedType, "singleNestedMessage")?.bb ?? 0) === 0',
  ],
  [
    "!has(s.standalone_message) && s.standalone_message.bb == 0",
    "!Boolean(s.standaloneMessage !== undefined) && (s.standaloneMessage?.bb ?? 0) === 0",
  ],
  [
    "has(s.standalone_message) && s.standalone_message.bb == 0",
    "s.standaloneMessage !== undefined && (s.standaloneMessage?.bb ?? 0) === 0",
  ],
];

export const HEADERS: readonly Case[] = [
  ["headers['x-y']", 'cx.header("x-y")'],
  ["headers.host", 'cx.header("host")'],
  ["headers['X-Y']", 'cx.header("x-y")'],
  ["'x' in headers", 'cx.header("x") !== ""'],
  ["has(headers.x)", 'cx.header("x") !== ""'],
  ["args.id != '' ? args.id : headers['x-id']", 'args.id !== "" ? args.id : cx.header("x-id")'],
];

export const INTEGERS: readonly Case[] = [
  ["s.single_int64 > 5", "s.singleInt64 > 5n"],
  ["5 < s.single_int32", "5 < s.singleInt32"],
  ["s.single_int32 == 5", "s.singleInt32 === 5"],
  ["s.single_int32 == -1", "s.singleInt32 === -1"],
  ["s.single_int64 == s.single_int32", "s.singleInt64 === BigInt(s.singleInt32)"],
  ["s.single_int64 < s.single_int32", "s.singleInt64 < s.singleInt32"],
  ["s.single_uint32 == 5u", "s.singleUint32 === 5"],
  ["s.single_uint64 > s.single_int64", "s.singleUint64 > s.singleInt64"],
  ["s.single_int32 + 1", "BigInt(s.singleInt32 + 1)"],
  ["s.single_int32 + 1", "toInt32(s.singleInt32 + 1)", INT32],
  ["s.single_int64 + 1", "addInt(s.singleInt64, 1n)"],
  ["s.single_int64 - s.single_int32", "subtractInt(s.singleInt64, BigInt(s.singleInt32))"],
  ["s.single_uint32 - 1u", "subtractUint(BigInt(s.singleUint32), 1n)"],
  ["s.single_int32 * s.single_int32", "multiplyInt(BigInt(s.singleInt32), BigInt(s.singleInt32))"],
  ["s.single_int32 * s.single_int32 * 2", "multiplyInt(multiplyInt(BigInt(s.singleInt32), BigInt(s.singleInt32)), 2n)"],
  ["s.single_int32 / 2", "toInt32(Math.trunc(s.singleInt32 / 2))", INT32],
  ["s.single_int64 / 2", "s.singleInt64 / 2n"],
  ["s.single_int64 / s.single_int64", "divideInt(s.singleInt64, s.singleInt64)"],
  ["s.single_int64 % 3", "s.singleInt64 % 3n"],
  ["s.single_int32 % 10", "s.singleInt32 % 10", INT32],
  ["-s.single_int64", "negateInt(s.singleInt64)"],
  ["-s.single_int32", "BigInt(-s.singleInt32)", INT64],
  ["-1 - s.single_int32 - (2 - 3)", "BigInt(-1 - s.singleInt32 - (2 - 3))", INT64],
  ["(s.single_bool ? 1 : 2) * 3", "(s.singleBool ? 1 : 2) * 3", INT32],
  ["s.single_bool ? s.single_int32 : 0", "s.singleBool ? s.singleInt32 : 0", INT32],
  ["size(s.repeated_int32) * 2", "BigInt(s.repeatedInt32.length * 2)", INT64],
  ["s.single_string.size()", "textSize(s.singleString)", INT32],
  ["size(s.map_string_string)", "Object.keys(s.mapStringString).length", INT32],
  ["int(s.single_uint32)", "BigInt(s.singleUint32)", INT64],
  ["uint(s.single_int32)", "toUint32(toUint(s.singleInt32))", UINT32],
  ["int(s.single_double)", "toInt(s.singleDouble)"],
  ["double(s.single_int32) / 2.0", "s.singleInt32 / 2", DOUBLE],
  ["double(s.single_int64)", "Number(s.singleInt64)"],
  ["string(s.single_int32)", "String(s.singleInt32)"],
  ["string(s.single_double)", "toText(s.singleDouble)"],
  ["int('5')", 'toInt("5")'],
];

export const DOUBLES: readonly Case[] = [
  ["s.single_double > 5", "s.singleDouble > 5"],
  ["s.single_double == s.single_int64", "s.singleDouble === Number(s.singleInt64)"],
  ["s.single_double + 1.5", "s.singleDouble + 1.5"],
  ["s.single_double == 1", "s.singleDouble === 1"],
  ["s.single_float * 2.0", "s.singleFloat * 2", DOUBLE],
];

export const ENUMS: readonly Case[] = [
  ["s.standalone_enum == TestAllTypes.NestedEnum.BAR", "s.standaloneEnum === TestAllTypes_NestedEnum.BAR"],
  [
    "s.standalone_enum != cel.expr.conformance.proto3.TestAllTypes.NestedEnum.BAR",
    "s.standaloneEnum !== TestAllTypes_NestedEnum.BAR",
  ],
  ["s.standalone_enum == 1", "s.standaloneEnum === TestAllTypes_NestedEnum.BAR"],
  ["s.standalone_enum == 77", "Number(s.standaloneEnum) === 77"],
  ["s.standalone_enum > 1", "s.standaloneEnum > 1"],
  ["s.standalone_enum in [TestAllTypes.NestedEnum.BAR]", "isIn(s.standaloneEnum, [TestAllTypes_NestedEnum.BAR])"],
  ["int(s.standalone_enum)", "s.standaloneEnum", INT32],
  ["TestAllTypes.NestedEnum.BAZ", "TestAllTypes_NestedEnum.BAZ"],
];

export const STRINGS: readonly Case[] = [
  ["s.single_string + 'x' + args.id", 's.singleString + "x" + args.id'],
  ["s.single_string < 'm'", 's.singleString < "m"'],
  ["s.single_string < args.id", "compareText(s.singleString, args.id) < 0"],
  ["s.single_string.contains('a')", 's.singleString.includes("a")'],
  ["(s.single_string + 'x').startsWith(args.id)", '(s.singleString + "x").startsWith(args.id)'],
  ["s.single_string.endsWith('z') && s.single_bool", 's.singleString.endsWith("z") && s.singleBool'],
  ["size(s.single_string) > 3", "textSize(s.singleString) > 3"],
  ["s.single_string.matches('^a+$')", 'matches(s.singleString, "^a+$")'],
  ["s.repeated_string.join(', ')", 'join(s.repeatedString, ", ")'],
  ["s.single_string.split(',')", 'split(s.singleString, ",")'],
  ["s.single_string.replace('a', 'b')", 'replace(s.singleString, "a", "b")'],
  ["s.single_string.upperAscii().trim()", "trim(upperAscii(s.singleString))"],
  ["s.single_string.substring(1, 3)", "substring(s.singleString, 1, 3)"],
  ["'%s: %d'.format([args.id, s.single_int32])", 'format("%s: %d", [args.id, BigInt(s.singleInt32)])'],
  ["args.id.charAt(0)", "charAt(args.id, 0)"],
  ["args.id.indexOf('a')", 'indexOf(args.id, "a")', INT32],
];

export const LOGIC: readonly Case[] = [
  ["!(s.single_bool && s.single_int32 > 2)", "!(s.singleBool && s.singleInt32 > 2)"],
  ["s.single_bool || s.single_bool && s.single_int32 != 3", "s.singleBool || (s.singleBool && s.singleInt32 !== 3)"],
  ["(s.single_bool || s.single_int32 > 3) && args.id != ''", '(s.singleBool || s.singleInt32 > 3) && args.id !== ""'],
  ["s.single_int64 / count > 1 && s.single_bool", "s.singleBool && divideInt(s.singleInt64, count) > 1n"],
  [
    "s.single_int64 / count > 1 || s.single_int64 % count == 0",
    "or(() => divideInt(s.singleInt64, count) > 1n, () => moduloInt(s.singleInt64, count) === 0n)",
  ],
  [
    "ok(a) && a.single_int64 / count > 1 && 1 / a.single_int64 > 0",
    "a !== undefined && and(() => divideInt(a.singleInt64, count) > 1n, () => divideInt(1n, a.singleInt64) > 0n)",
  ],
  ["s.single_bool ? 1 : s.single_bool ? 2 : 3", "BigInt(s.singleBool ? 1 : s.singleBool ? 2 : 3)"],
  ["(s.single_bool ? true : false) ? 1 : 2", "BigInt((s.singleBool ? true : false) ? 1 : 2)"],
  ["s.single_bool == true", "s.singleBool === true"],
  ["1 == 1", "true"],
  ["type(count) == int", "true"],
];

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

export const WELL_KNOWN: readonly Case[] = [
  ["s.single_int64_wrapper == null", "s.singleInt64Wrapper === undefined"],
  ["s.single_int64_wrapper == 5", "s.singleInt64Wrapper === 5n"],
  ["s.single_int32_wrapper + 1", "addInt(BigInt(required(s.singleInt32Wrapper)), 1n)"],
  ["s.single_string_wrapper", "s.singleStringWrapper ?? null"],
  ["s.single_string_wrapper", "s.singleStringWrapper", STRING],
  ["s.single_int64_wrapper", "unlessUnset(s.singleInt64Wrapper, toInt32)", INT32],
  ["s.single_bool ? s.single_int32_wrapper : null", "s.singleBool ? s.singleInt32Wrapper : undefined", INT32],
  ["s.single_struct.x", 'select(s.singleStruct ?? {}, "x")'],
  ["string(s.single_struct.x)", 'toText(select(s.singleStruct ?? {}, "x"))'],
  ["s.single_struct.n + 1.5", 'cast(select(s.singleStruct ?? {}, "n"), "double") + 1.5'],
  ["s.single_value", "fromJsonValue(s.singleValue)"],
  ["s.list_value.size()", "BigInt(fromListValue(s.listValue).length)"],
  ["now > s.single_timestamp", "compareTime(cx.now(), s.singleTimestamp ?? create(TimestampSchema)) > 0"],
  [
    "now - s.single_timestamp < duration('1h')",
    'compareTime(between(cx.now(), s.singleTimestamp ?? create(TimestampSchema)), toDuration("1h")) < 0',
  ],
  ["s.single_timestamp.getHours()", "BigInt(hours(s.singleTimestamp ?? create(TimestampSchema)))"],
  ["now.getFullYear('Europe/Berlin')", 'BigInt(fullYear(cx.now(), "Europe/Berlin"))'],
  ["timestamp('2020-01-01T00:00:00Z')", 'toTimestamp("2020-01-01T00:00:00Z")'],
  ["s.single_duration + duration('1s')", 'addDurations(s.singleDuration ?? create(DurationSchema), toDuration("1s"))'],
  ["s.single_duration.getSeconds()", "durationSeconds(s.singleDuration ?? create(DurationSchema))"],
];

export const MESSAGES: readonly Case[] = [
  ["TestAllTypes{}", "create(TestAllTypesSchema)"],
  [
    "TestAllTypes{single_int32: 4, single_string: args.id, standalone_enum: s.standalone_enum, single_int64: s.single_int32}",
    "create(TestAllTypesSchema, { singleInt32: 4, singleString: args.id, standaloneEnum: s.standaloneEnum, singleInt64: BigInt(s.singleInt32) })",
  ],
  [
    "TestAllTypes{repeated_int32: [1, s.single_int32], map_string_string: {'a': args.id, 'b-c': 'd'}}",
    'create(TestAllTypesSchema, { repeatedInt32: [1, s.singleInt32], mapStringString: { a: args.id, "b-c": "d" } })',
  ],
  [
    "TestAllTypes{single_int32_wrapper: s.single_int32_wrapper, standalone_message: s.standalone_message}",
    "create(TestAllTypesSchema, { singleInt32Wrapper: s.singleInt32Wrapper, standaloneMessage: s.standaloneMessage ?? create(TestAllTypes_NestedMessageSchema) })",
  ],
  [
    "TestAllTypes{single_int32: int(s.single_double), repeated_int64: s.repeated_int32}",
    "create(TestAllTypesSchema, { singleInt32: toInt32(toInt(s.singleDouble)), repeatedInt64: s.repeatedInt32.map(BigInt) })",
  ],
  [
    "TestAllTypes{single_nested_message: TestAllTypes.NestedMessage{bb: 1}}",
    'create(TestAllTypesSchema, { nestedType: { case: "singleNestedMessage", value: create(TestAllTypes_NestedMessageSchema, { bb: 1 }) } })',
  ],
  ["TestAllTypes{standalone_message: null, single_string_wrapper: null}", "create(TestAllTypesSchema)"],
  [
    "TestAllTypes{repeated_nested_message: list.map(l, TestAllTypes.NestedMessage{bb: l.single_int32})}",
    "create(TestAllTypesSchema, { repeatedNestedMessage: list.map((l) => create(TestAllTypes_NestedMessageSchema, { bb: l.singleInt32 })) })",
  ],
  [
    "s.single_bool ? s.standalone_message : null",
    "s.singleBool ? s.standaloneMessage ?? create(TestAllTypes_NestedMessageSchema) : undefined",
    NESTED,
  ],
  ["s == list[0]", "equal(s, at(list, 0), MESSAGES)"],
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

export const OPTIONALS: readonly Case[] = [
  ["optional.of(s.single_string)", "s.singleString", STRING],
  [
    "ok(a) ? optional.of(a.single_int64) : optional.none()",
    "a !== undefined ? toInt32(a.singleInt64) : undefined",
    INT32,
  ],
  ["optional.none()", "undefined", STRING],
  ["optional.of(s.single_string).orValue('x')", "s.singleString"],
  ["optional.of(count).hasValue()", "true"],
];

export const MATH: readonly Case[] = [
  ["math.greatest(s.single_int32, 5)", "BigInt(Math.max(s.singleInt32, 5))"],
  ["math.greatest(s.single_int64, count)", "greatest([s.singleInt64, count])"],
  ["math.greatest(s.single_double, 1.5)", "Math.max(s.singleDouble, 1.5)"],
  ["math.least(s.single_int32, s.single_double)", "least([BigInt(s.singleInt32), s.singleDouble])"],
  ["math.least([count, 1, 2])", "least([count, 1n, 2n])"],
  ["math.greatest(1, s.single_int32, 3)", "BigInt(Math.max(1, s.singleInt32, 3))"],
  ["math.ceil(s.single_double)", "Math.ceil(s.singleDouble)"],
  ["math.round(s.single_double)", "round(s.singleDouble)"],
  ["math.abs(s.single_int64)", "absInt(s.singleInt64)"],
  ["math.abs(s.single_double)", "Math.abs(s.singleDouble)"],
  ["math.sign(s.single_uint64)", "signInt(s.singleUint64)"],
  [
    "math.isInf(s.single_double) || math.isNaN(s.single_double)",
    "Math.abs(s.singleDouble) === Infinity || Number.isNaN(s.singleDouble)",
  ],
  ["math.bitAnd(s.single_int64, 3)", "(s.singleInt64 & 3n)"],
  ["math.bitNot(s.single_uint64)", "bitNotUint(s.singleUint64)"],
  ["math.bitShiftLeft(s.single_int32, 2)", "shiftLeftInt(BigInt(s.singleInt32), 2n)"],
  ["math.sqrt(s.single_int32)", "Math.sqrt(s.singleInt32)"],
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

export const OPTIONAL_SYNTAX: readonly Case[] = [
  ["s.repeated_string.first().orValue('none')", 's.repeatedString.at(0) ?? "none"'],
  ["s.repeated_int32.last()", "optionalOf(unlessUnset(s.repeatedInt32.at(-1), BigInt))"],
  ["a.?standalone_message.bb.orValue(1)", "BigInt(nonZero(a.standaloneMessage?.bb) ?? 1)"],
  ["s.?standalone_message.?bb", "optionalOf(unlessUnset(nonZero(s.standaloneMessage?.bb), BigInt))"],
  ["s.?standalone_message.?bb.orValue(5)", "BigInt(nonZero(s.standaloneMessage?.bb) ?? 5)"],
  ["s.?standalone_message.bb.orValue(5)", "nonZero(s.standaloneMessage?.bb) ?? 5", INT32],
  ["s.standalone_message.?bb.hasValue()", "nonZero(s.standaloneMessage?.bb) !== undefined"],
  ["s.?single_string.orValue('x')", 'nonZero(s.singleString) ?? "x"'],
  ["s.?single_int64_wrapper.orValue(7)", "s.singleInt64Wrapper ?? 7n"],
  ["s.map_string_string[?'x'].orValue('none')", 'valueAt(s.mapStringString, "x") ?? "none"'],
  ["s.map_string_string.?x.orValue('none')", 'valueAt(s.mapStringString, "x") ?? "none"'],
  ["s.repeated_int32[?0].orValue(0)", "BigInt(elementAt(s.repeatedInt32, 0) ?? 0)"],
  ["list[?0].single_string.orValue('none')", 'nonZero(elementAt(list, 0)?.singleString) ?? "none"'],
  [
    "list[?0].?single_string.optMap(t, t + '!').orValue('none')",
    'unlessUnset(nonZero(elementAt(list, 0)?.singleString), (t) => t + "!") ?? "none"',
  ],
  [
    "s.map_string_string[?'x'].optMap(v, size(v))",
    'optionalOf(unlessUnset(valueAt(s.mapStringString, "x"), (v) => BigInt(textSize(v))))',
  ],
  [
    "s.map_string_string[?'x'].optFlatMap(v, s.map_string_string[?v])",
    'optionalOf(unlessUnset(valueAt(s.mapStringString, "x"), (v) => valueAt(s.mapStringString, v)))',
  ],
  [
    "s.map_string_string[?'x'].or(s.map_string_string[?'y']).value()",
    'optionalValue(valueAt(s.mapStringString, "x") ?? valueAt(s.mapStringString, "y"))',
  ],
  ["optional.ofNonZeroValue(s.single_string).orValue('none')", 'nonZero(s.singleString) ?? "none"'],
  ["['a', ?s.map_string_string[?'x']]", '["a", ...given(valueAt(s.mapStringString, "x"))]'],
  [
    "{'a': 'b', ?'x': s.map_string_string[?'x']}",
    'new Map([["a", "b"], ...givenEntry("x", valueAt(s.mapStringString, "x"))])',
  ],
  [
    "TestAllTypes{?single_string: s.map_string_string[?'x']}",
    'create(TestAllTypesSchema, { ...givenField("singleString", valueAt(s.mapStringString, "x")) })',
  ],
  [
    "TestAllTypes{?single_int64_wrapper: s.?single_int64_wrapper, ?single_int32: s.repeated_int32[?0]}",
    'create(TestAllTypesSchema, { singleInt64Wrapper: s.singleInt64Wrapper, ...givenField("singleInt32", elementAt(s.repeatedInt32, 0)) })',
  ],
  ["has(s.?standalone_message.bb)", "nonZero(s.standaloneMessage?.bb) !== undefined"],
  ["optional.of(s.single_bool ? 1 : 2)", "optionalOf(BigInt(s.singleBool ? 1 : 2))"],
  ["[optional.of(1)].exists(o, o.hasValue())", "[optionalOf(1n)].some((o) => o.inner !== undefined)"],
  ["optional.unwrap([optional.of('a'), optional.none()])", 'unwrapped([optionalOf("a"), optionalNone()])'],
  ["s.single_struct.?x.orValue('y')", 'orElse(find(s.singleStruct ?? {}, "x"), () => "y")'],
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

export const DYNAMIC: readonly Case[] = [
  [
    "TestAllTypes{single_float: s.single_double}",
    "create(TestAllTypesSchema, { singleFloat: Math.fround(s.singleDouble) })",
  ],
  ["TestAllTypes{single_float: 1.5}", "create(TestAllTypesSchema, { singleFloat: 1.5 })"],
  [
    "TestAllTypes{single_value: 'x', single_struct: {'a': 1}}",
    'create(TestAllTypesSchema, { singleValue: toValue("x"), singleStruct: toJsonObject(new Map([["a", 1n]])) })',
  ],
  ["TestAllTypes{list_value: [1, 'a']}", 'create(TestAllTypesSchema, { listValue: toListValue([1n, "a"]) })'],
  [
    "TestAllTypes{single_int64_wrapper: google.protobuf.Int64Value{value: 4}}",
    "create(TestAllTypesSchema, { singleInt64Wrapper: 4n })",
  ],
  ["google.protobuf.Int32Value{value: s.single_int32} == 5", "s.singleInt32 === 5"],
  ["dyn(s.single_int32) + dyn(1)", "add(BigInt(s.singleInt32), 1n)"],
  ["dyn(1u)", "uint(1)"],
  ["[1, 'x'].map(x, dyn(x))", '[1n, "x"].map((x) => x)'],
  ["type(s.single_value) == string", 'typeName(fromJsonValue(s.singleValue)) === "string"'],
  ["type(dyn(s.single_int32))", "typeOf(BigInt(s.singleInt32))"],
  ["s.single_value == 5.0", "equal(fromJsonValue(s.singleValue), 5)"],
  ["size(s.single_value) > 3", "size(fromJsonValue(s.singleValue)) > 3n"],
  ["s.single_uint64 > s.single_double", "Number(s.singleUint64) > s.singleDouble"],
  ["s.single_int64 < s.single_double", "Number(s.singleInt64) < s.singleDouble"],
  ["{1: 'a', 2u: 'b'}[s.single_int32]", 'entry(new Map([[1n, "a"], [2n, "b"]]), BigInt(s.singleInt32))'],
  ["{s.single_int32: 'a', s.single_int64: 'b'}", 'mapOf([BigInt(s.singleInt32), "a"], [s.singleInt64, "b"])'],
  ["s.single_timestamp.getHours('+01:00')", 'BigInt(hours(s.singleTimestamp ?? create(TimestampSchema), "+01:00"))'],
  ["s.single_string.matches(args.id)", "matches(s.singleString, args.id)"],
  ["s.repeated_string.map(x, x)[0]", "at(s.repeatedString.map((x) => x), 0)"],
  ["s.oneof_type.payload.single_int32", 'oneofValue(s.kind, "oneofType")?.payload?.singleInt32 ?? 0'],
  ["s.single_struct", "s.singleStruct ?? {}"],
  ["s.list_value.map(x, string(x))", "fromListValue(s.listValue).map((x) => toText(x))"],
  ["{'a': s.single_uint32}", 'new Map([["a", BigInt(s.singleUint32)]])'],
];

export const ANY: readonly Case[] = [
  ["s.single_any == s", "equal(fromAny(s.singleAny, MESSAGES), s, MESSAGES)"],
  [
    "type(s.single_any) == TestAllTypes",
    'typeName(fromAny(s.singleAny, MESSAGES)) === "cel.expr.conformance.proto3.TestAllTypes"',
  ],
  [
    "s.single_any.single_int32 + 1",
    'addInt(cast(select(fromAny(s.singleAny, MESSAGES), "single_int32", MESSAGES), "int"), 1n)',
  ],
  ["has(s.single_any.single_int32)", 'hasField(fromAny(s.singleAny, MESSAGES), "single_int32", MESSAGES)'],
  ["s.repeated_any.map(x, string(x))", "s.repeatedAny.map((x) => toText(fromAny(x, MESSAGES)))"],
  [
    "s.repeated_any.exists(x, type(x) == TestAllTypes && x.single_bool)",
    'exists(s.repeatedAny, (x) => and(() => typeName(fromAny(x, MESSAGES)) === "cel.expr.conformance.proto3.TestAllTypes", () => cast(select(fromAny(x, MESSAGES), "single_bool", MESSAGES), "bool")))',
  ],
  ["TestAllTypes{single_any: s}", "create(TestAllTypesSchema, { singleAny: anyPack(TestAllTypesSchema, s) })"],
  ["TestAllTypes{single_any: s.single_any}", "create(TestAllTypesSchema, { singleAny: s.singleAny })"],
  [
    "TestAllTypes{single_any: 5, repeated_any: [s, 'a']}",
    'create(TestAllTypesSchema, { singleAny: toAny(5n, MESSAGES), repeatedAny: [anyPack(TestAllTypesSchema, s), toAny("a", MESSAGES)] })',
  ],
  ["TestAllTypes{repeated_any: s.repeated_any}", "create(TestAllTypesSchema, { repeatedAny: s.repeatedAny })"],
  [
    "s.?single_any.?single_string.orValue('none')",
    'orElse(unlessUnset(unlessUnset(s.singleAny, (value) => fromAny(value, MESSAGES)), (it) => findField(it, "single_string", MESSAGES)), () => "none")',
  ],
  [
    "s.single_any.?single_string.orValue('none')",
    'orElse(findField(fromAny(s.singleAny, MESSAGES), "single_string", MESSAGES), () => "none")',
  ],
  ["dyn(s).single_string", 'select(s, "single_string", MESSAGES)'],
];

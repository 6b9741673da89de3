// Numbers, strings, enums, logic, presence.
import type { Case } from "./emitted-cases.ts";
import { DOUBLE, INT32, INT64, UINT32 } from "./fixtures.ts";

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
  ["(ok(s) == false) ? s.single_string : 'x'", '"x"'],
  ["ok(s) != true || s.single_bool", "s.singleBool"],
  ["ok(a) ? a.single_string : ''", 'a !== undefined ? a.singleString : ""'],
  ["ok(a) && a.single_int32 > 3", "a !== undefined && a.singleInt32 > 3"],
  ["!ok(a) || a.single_bool", "a === undefined || a.singleBool"],
  [
    "ok(a) && ok(b) && a.single_int32 == b.single_int32",
    "a !== undefined && b !== undefined && a.singleInt32 === b.singleInt32",
  ],
  ["ok(args.stock) ? args.stock.single_int32 : 0", "args.stock !== undefined ? args.stock.singleInt32 : 0"],
];

/** Expressions in which TypeScript would reject reading a value that it has narrowed to unset. */
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
  // -1 * 0 is 0 in CEL.
  [
    "1.0 / double((s.single_bool ? 3 : -1) * s.single_sint32 % 5)",
    "1 / ((s.singleBool ? 3 : -1) * s.singleSint32 % 5 + 0)",
  ],
  ["math.sqrt(s.single_int32)", "Math.sqrt(s.singleInt32)"],
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
  [
    "[TestAllTypes.NestedEnum.BAR].filter(v, true).map(v, v)[0] == TestAllTypes.NestedEnum.BAZ",
    "at([TestAllTypes_NestedEnum.BAR as TestAllTypes_NestedEnum].filter(() => true).map((v) => v), 0) === TestAllTypes_NestedEnum.BAZ",
  ],
  [
    "(s.single_bool ? TestAllTypes.NestedEnum.BAR : TestAllTypes.NestedEnum.FOO) == TestAllTypes.NestedEnum.BAZ",
    "((s.singleBool ? TestAllTypes_NestedEnum.BAR : TestAllTypes_NestedEnum.FOO) as TestAllTypes_NestedEnum) === TestAllTypes_NestedEnum.BAZ",
  ],
  [
    "list.map(v, TestAllTypes.NestedEnum.BAR)[0] == TestAllTypes.NestedEnum.BAZ",
    "at(list.map(() => TestAllTypes_NestedEnum.BAR as TestAllTypes_NestedEnum), 0) === TestAllTypes_NestedEnum.BAZ",
  ],
  [
    "cel.bind(v, [TestAllTypes.NestedEnum.BAR], v[0] == TestAllTypes.NestedEnum.BAZ && v.size() == 1)",
    "((v) => v.length === 1 && at(v, 0) === TestAllTypes_NestedEnum.BAZ)([TestAllTypes_NestedEnum.BAR as TestAllTypes_NestedEnum])",
  ],
  ["(s.single_bool ? 'a' : 'b') == 'c'", '((s.singleBool ? "a" : "b") as string) === "c"'],
  ["(s.single_bool ? 'a' : args.id) == 'c'", '(s.singleBool ? "a" : args.id) === "c"'],
  ["(s.single_bool ? 1 : 2) == 3", "((s.singleBool ? 1 : 2) as number) === 3"],
  ["optional.of('a').orValue('b') == 'c'", '("a" as string) === "c"'],
  ["optional.none().orValue('a') == args.id", '"a" === args.id'],
  [
    "(s.single_bool ? optional.of('a') : optional.of('b')).orValue('d') == args.id",
    '(s.singleBool ? "a" : "b") === args.id',
  ],
  ["int(s.standalone_enum)", "s.standaloneEnum", INT32],
  ["enums.name(s.standalone_enum)", "enumName(TestAllTypes_NestedEnumSchema, s.standaloneEnum)"],
  [
    "TestAllTypes.NestedEnum.from(s.single_int32).hasValue()",
    "enumFrom(TestAllTypes_NestedEnumSchema, s.singleInt32) !== undefined",
  ],
  [
    "TestAllTypes.NestedEnum.parse(args.id).orValue(TestAllTypes.NestedEnum.BAR)",
    "BigInt(enumParse(TestAllTypes_NestedEnumSchema, args.id) ?? TestAllTypes_NestedEnum.BAR)",
  ],
  ["TestAllTypes.NestedEnum(s.standalone_enum)", "s.standaloneEnum"],
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
  ["args.id.upper() + args.id.lower()", "upper(args.id) + lower(args.id)"],
  ["args.id.trimPrefix('a').trimSuffix('b')", 'trimSuffix(trimPrefix(args.id, "a"), "b")'],
  ["args.id.repeat(s.single_int32)", "repeat(args.id, s.singleInt32)"],
  ["regex.extract(args.id, '^a+').orValue('')", 'extract(args.id, "^a+") ?? ""'],
  ["regex.extractAll(args.id, 'a+')", 'extractAll(args.id, "a+")'],
  ["regex.replace(args.id, 'a(b)', r'\\1', 2)", 'replacePattern(args.id, "a(b)", "\\\\1", 2)'],
  ["now.format('yyyy-MM-dd')", 'formatTime(cx.now(), "yyyy-MM-dd")'],
  ["now.format('d MMM', args.id)", 'formatTime(cx.now(), "d MMM", args.id)'],
  ["now.truncate('day', 'Europe/Berlin')", 'truncateTime(cx.now(), "day", "Europe/Berlin")'],
  ["now.addMonths(s.single_int32)", "addMonths(cx.now(), s.singleInt32)"],
  ["now.addDays(1).addYears(count)", "addYears(addDays(cx.now(), 1), count)"],
  ["url.encode(args.id)", "encodeUrl(args.id)"],
  ["url.getQuery(args.id)[?'a'].orValue([]).join(',')", 'join(valueAt(urlQuery(args.id), "a") ?? [] as string[], ",")'],
  ["random.uuid() + args.id", 'cx.randomUuid("test.proto:1:1") + args.id'],
  ["random.double() < 0.5", 'cx.randomDouble("test.proto:1:1") < 0.5'],
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
  ["s.single_bool == true", "s.singleBool"],
  ["1 == 1", "true"],
  ["type(count) == int", "true"],
];

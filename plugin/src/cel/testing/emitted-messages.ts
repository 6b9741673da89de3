// Messages, well-known types, optionals, dynamic values.
import type { Case } from "./emitted-cases.ts";
import { INT32, NESTED, STRING } from "./fixtures.ts";

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

export const OPTIONAL_SYNTAX: readonly Case[] = [
  ["s.repeated_string.first().orValue('none')", 's.repeatedString.at(0) ?? "none"'],
  ["s.repeated_int32.last()", "optionalOf(unlessUnset(s.repeatedInt32.at(-1), BigInt))"],
  [
    "a.?standalone_message.bb.orValue(1)",
    "BigInt(nonZero((a !== undefined ? a.standaloneMessage : undefined)?.bb) ?? 1)",
  ],
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
  ["['a', ?s.map_string_string[?'x']]", '["a", ...optionalElement(valueAt(s.mapStringString, "x"))]'],
  [
    "{'a': 'b', ?'x': s.map_string_string[?'x']}",
    'new Map([["a", "b"], ...optionalEntry("x", valueAt(s.mapStringString, "x"))])',
  ],
  [
    "TestAllTypes{?single_string: s.map_string_string[?'x']}",
    'create(TestAllTypesSchema, { ...optionalField("singleString", valueAt(s.mapStringString, "x")) })',
  ],
  [
    "TestAllTypes{?single_int64_wrapper: s.?single_int64_wrapper, ?single_int32: s.repeated_int32[?0]}",
    'create(TestAllTypesSchema, { singleInt64Wrapper: s.singleInt64Wrapper, ...optionalField("singleInt32", elementAt(s.repeatedInt32, 0)) })',
  ],
  ["has(s.?standalone_message.bb)", "nonZero(s.standaloneMessage?.bb) !== undefined"],
  ["optional.of(s.single_bool ? 1 : 2)", "optionalOf(BigInt(s.singleBool ? 1 : 2))"],
  ["[optional.of(1)].exists(o, o.hasValue())", "[optionalOf(1n)].some((o) => o.inner !== undefined)"],
  ["optional.unwrap([optional.of('a'), optional.none()])", 'unwrapped([optionalOf("a"), optionalNone<string>()])'],
  ["s.single_struct.?x.orValue('y')", 'orElse(find(s.singleStruct ?? {}, "x"), () => "y")'],
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

// Values whose types are known only at run time, nullable values, and values whose types TypeScript cannot infer.
import { ScalarType } from "@bufbuild/protobuf";
import type { Proto } from "../index.ts";
import type { Case } from "./emitted-cases.ts";
import { INT64, STRING } from "./fixtures.ts";

const map = (key: Extract<Proto, { kind: "map" }>["key"]): Proto => ({ kind: "map", key, of: STRING });

export const CHECKED: readonly Case[] = [
  ["[s.single_value, b'a']", "[fromJsonValue(s.singleValue), Uint8Array.of(97)]"],
  [
    "(s.single_bool ? optional.none() : s.single_value).orValue('a').matches('b')",
    'matches(cast(orElse(s.singleBool ? undefined : cast(fromJsonValue(s.singleValue), "optional_type").inner, () => "a"), "string"), "b")',
  ],
  [
    "['a', 'b'][s.single_value].size()",
    'BigInt(textSize(cast(index(["a", "b"], fromJsonValue(s.singleValue)), "string")))',
  ],
  ["[1] + s.single_value", '[1n, ...cast(fromJsonValue(s.singleValue), "list")]'],
  [
    "s.single_value.last().orValue('a').size()",
    'size(orElse(cast(fromJsonValue(s.singleValue), "list").at(-1), () => "a"))',
  ],
  [
    "[s.single_value, 'a'].unwrapOpt()[0].size()",
    'size(at(unwrapped([cast(fromJsonValue(s.singleValue), "optional_type"), cast("a", "optional_type")]), 0))',
  ],
  [
    "optional.of([5u])[s.single_value]",
    "optionalOf(unlessUnset(elementAt([5n], position(fromJsonValue(s.singleValue))), uint))",
  ],
  [
    "s.list_value.filter(x, x > args.id)",
    'fromListValue(s.listValue).filter((x) => compareText(cast(x, "string"), args.id) > 0)',
  ],
  [
    "s.list_value.exists(x, x.startsWith('a'))",
    'exists(fromListValue(s.listValue), (x) => cast(x, "string").startsWith("a"))',
  ],
  [
    "s.single_value < args.id ? 1 : 2",
    'BigInt(compareText(cast(fromJsonValue(s.singleValue), "string"), args.id) < 0 ? 1 : 2)',
  ],
  ["s.single_any < 'a' && s.single_bool", 's.singleBool && cast(fromAny(s.singleAny, MESSAGES), "string") < "a"'],
  ["s.list_value + s.list_value", "[...fromListValue(s.listValue), ...fromListValue(s.listValue)]"],
  ["[s.single_value, 'a'].join(',')", 'join([cast(fromJsonValue(s.singleValue), "string"), "a"], ",")'],
  ["['a', 1].join()", 'join(["a", cast(1n, "string")])'],
  ["s.list_value.join()", 'join(fromListValue(s.listValue).map((item) => cast(item, "string")))'],
  ["s.list_value.sort()", "sortAny(fromListValue(s.listValue))"],
  ["s.single_value.sort()", "sortAny(fromJsonValue(s.singleValue))"],
  ["s.single_value.hasValue()", 'cast(fromJsonValue(s.singleValue), "optional_type").inner !== undefined'],
  [
    "s.single_value.optMap(x, x + 1)",
    'optionalOf(unlessUnset(cast(fromJsonValue(s.singleValue), "optional_type").inner, (x) => addInt(cast(x, "int"), 1n)))',
  ],
  [
    "TestAllTypes{single_string_wrapper: s.single_value}",
    'create(TestAllTypesSchema, { singleStringWrapper: unlessNull(fromJsonValue(s.singleValue), (item) => cast(item, "string")) ?? undefined })',
  ],
  [
    "TestAllTypes{repeated_string: s.list_value}",
    'create(TestAllTypesSchema, { repeatedString: fromListValue(s.listValue).map((item) => cast(item, "string")) })',
  ],
  [
    "TestAllTypes{repeated_string: [s.single_value, 'a']}",
    'create(TestAllTypesSchema, { repeatedString: [cast(fromJsonValue(s.singleValue), "string"), "a"] })',
  ],
  [
    "TestAllTypes{map_string_string: s.single_value}",
    'create(TestAllTypesSchema, { mapStringString: toRecord(castMap(fromJsonValue(s.singleValue), "string", (item) => cast(item, "string"))) })',
  ],
  [
    "TestAllTypes{standalone_message: s.single_any}",
    "create(TestAllTypesSchema, { standaloneMessage: unlessNull(fromAny(s.singleAny, MESSAGES), (item) => castMessage(item, TestAllTypes_NestedMessageSchema)) ?? undefined })",
  ],
  [
    "TestAllTypes{repeated_value: s.list_value}",
    "create(TestAllTypesSchema, { repeatedValue: fromListValue(s.listValue).map(toValue) })",
  ],
  [
    "TestAllTypes{map_string_value: s.single_struct}",
    "create(TestAllTypesSchema, { mapStringValue: mapValues(s.singleStruct ?? {}, toValue) })",
  ],
];

export const NULLS: readonly Case[] = [
  [
    "s.repeated_int64_wrapper + list.transformList(i, f, f.repeated_int64_wrapper[0])",
    "[...s.repeatedInt64Wrapper.map((item) => item.value), ...list.map((f) => at(f.repeatedInt64Wrapper, 0).value)]",
  ],
  [
    "[s.repeated_int64_wrapper[0], s.single_int64_wrapper]",
    "[at(s.repeatedInt64Wrapper, 0).value, s.singleInt64Wrapper ?? null]",
  ],
  [
    "TestAllTypes{?repeated_int64_wrapper: optional.of([s.single_int64_wrapper])}",
    'create(TestAllTypesSchema, { ...optionalField("repeatedInt64Wrapper", unlessUnset([unlessNull(s.singleInt64Wrapper ?? null, (value) => create(Int64ValueSchema, { value: value }))], (value) => withoutNulls(value))) })',
  ],
  [
    "TestAllTypes{repeated_int64_wrapper: [?optional.of(s.single_int64_wrapper)]}",
    "create(TestAllTypesSchema, { repeatedInt64Wrapper: [...optionalElement(unlessNull(s.singleInt64Wrapper ?? null, (value) => create(Int64ValueSchema, { value: value })) ?? undefined)] })",
  ],
  [
    "TestAllTypes{?single_int64_wrapper: optional.of(s.single_bool ? s.single_int64_wrapper : s.single_int32_wrapper)}",
    "create(TestAllTypesSchema, { singleInt64Wrapper: (s.singleBool ? s.singleInt64Wrapper ?? null : unlessNull(s.singleInt32Wrapper ?? null, BigInt)) ?? undefined })",
  ],
  ["optional.of(s.single_int64_wrapper)", "s.singleInt64Wrapper ?? undefined", INT64],
  ["[1] + [s.single_int64_wrapper]", "[1n, s.singleInt64Wrapper ?? null]"],
  [
    "TestAllTypes{repeated_nested_message: [null, s.standalone_message]}",
    "create(TestAllTypesSchema, { repeatedNestedMessage: [s.standaloneMessage ?? create(TestAllTypes_NestedMessageSchema)] })",
  ],
  [
    "TestAllTypes{repeated_nested_message: [s.single_bool ? s.standalone_message : null]}",
    "create(TestAllTypesSchema, { repeatedNestedMessage: [...optionalElement((s.singleBool ? s.standaloneMessage ?? create(TestAllTypes_NestedMessageSchema) : null) ?? undefined)] })",
  ],
  [
    "TestAllTypes{repeated_int64_wrapper: [1, s.single_int64_wrapper]}",
    "create(TestAllTypesSchema, { repeatedInt64Wrapper: [create(Int64ValueSchema, { value: 1n }), ...optionalElement(unlessNull(s.singleInt64Wrapper ?? null, (value) => create(Int64ValueSchema, { value: value })) ?? undefined)] })",
  ],
  ["TestAllTypes{map_string_message: {'a': null}}", "create(TestAllTypesSchema, { mapStringMessage: {} })"],
  [
    "TestAllTypes{?single_int64_wrapper: optional.of(s.single_int64_wrapper)}",
    "create(TestAllTypesSchema, { singleInt64Wrapper: s.singleInt64Wrapper ?? undefined })",
  ],
  ["[s.single_int64_wrapper, 1].sum()", "sumInt([required(s.singleInt64Wrapper), 1n])"],
];

export const INFERENCE: readonly Case[] = [
  [
    "[optional.of(5u)].unwrapOpt().map(x, math.sqrt(x))",
    'unwrapped([optionalOf(uint(5))]).map((item) => cast(item, "uint")).map((x) => Math.sqrt(Number(x)))',
  ],
  [
    "[optional.none(), optional.of(s.map_uint64_string)][0]",
    "at([optionalNone<Map<bigint, string>>(), optionalOf(uintKeys(toMap(s.mapUint64String, BigInt)))], 0)",
  ],
  ["has({}.a)", 'hasKey(new Map<never, never>(), "a")'],
  [
    "TestAllTypes{?single_int64: optional.of([].first().value())}",
    "create(TestAllTypesSchema, { singleInt64: optionalValue(([] as bigint[]).at(0)) })",
  ],
  [
    "TestAllTypes{?single_struct: 1 / s.single_int64 > 1 ? optional.none() : optional.none()}",
    "create(TestAllTypesSchema, { singleStruct: optionalOf<never>(divideInt(1n, s.singleInt64) > 1n ? undefined : undefined).inner })",
  ],
  [
    "TestAllTypes{map_int32_int64: {optional.none().value(): 1}}",
    "create(TestAllTypesSchema, { mapInt32Int64: toRecord(new Map([[optionalValue<bigint>(undefined), 1n]]), (item) => item, toInt32) })",
  ],
  [
    "s.map_uint64_string",
    "toRecord(toMap(s.mapUint64String, BigInt), (item) => item, toUint32)",
    map(ScalarType.UINT32),
  ],
  [
    "optional.of(s.map_uint64_string)",
    "toRecord(toMap(s.mapUint64String, BigInt), (item) => item, toUint32)",
    map(ScalarType.UINT32),
  ],
  ["{4294967296: 'a'}", 'toRecord(new Map([[4294967296n, "a"]]), (item) => item, toInt32)', map(ScalarType.INT32)],
  [
    "([[optional.of(s.single_bool)]].last().orValue([s, 1])).slice(0, 1)",
    "slice([[optionalOf(s.singleBool)]].at(-1) ?? [s, 1n], 0, 1)",
  ],
  [
    "s.?single_bool.orValue(s.single_bool || args.id == 'a')",
    'nonZero(s.singleBool) ?? (s.singleBool || args.id === "a")',
  ],
  [
    "s.map_bool_bool[?true].orValue(s.single_bool && args.id == 'a')",
    'valueAt(s.mapBoolBool, true) ?? (s.singleBool && args.id === "a")',
  ],
  ["optional.none().orValue(s.single_int64)", "s.singleInt64"],
  ["optional.none().value().size() > 1", "optionalValue<Uint8Array>(undefined).length > 1"],
  [
    "TestAllTypes{?single_int64: optional.none(), single_string: 'a'}",
    'create(TestAllTypesSchema, { singleString: "a" })',
  ],
  ["[].filter(x, x > 1)", "([] as bigint[]).filter((x) => x > 1n)"],
  ["[?optional.none()].first().value().contains('a')", 'optionalValue(([] as string[]).at(0)).includes("a")'],
  ["(true ? [] : ['a']).first().value().contains('a')", 'optionalValue(([] as string[]).at(0)).includes("a")'],
  ["s.single_bool ? [] : s.repeated_string", "s.singleBool ? [] : s.repeatedString"],
  ["{}", "new Map<never, never>()"],
  ["{'a': 1, 2: 3}", 'new Map<unknown, bigint>([["a", 1n], [2n, 3n]])'],
  [
    "{'a': s.single_int64_wrapper, 'b': 1}",
    'new Map<string, bigint | null>([["a", s.singleInt64Wrapper ?? null], ["b", 1n]])',
  ],
  ["google.protobuf.StringValue{value: 'a'} == 'b'", '("a" as string) === "b"'],
];

export const KNOWN: readonly Case[] = [
  ["(s.single_bool && false) == true", "false"],
  ["s.single_bool && true", "s.singleBool"],
  ["s.single_bool || 10 / s.single_int64 > 1 || true", "true"],
  ["!true == !false", "(false as boolean) === true"],
  ["(1 == 1) == (1 == 2)", "(true as boolean) === false"],
  ["double(2) == -0.5", "(2 as number) === -0.5"],
  [
    "s.map_string_string.transformList(k, v, s.standalone_enum).exists(e, s.repeated_nested_enum.exists(o, o == e))",
    "Object.entries(s.mapStringString).map(() => BigInt(s.standaloneEnum)).some((e) => s.repeatedNestedEnum.some((o) => o === Number(e)))",
  ],
  [
    "s.map_string_string.transformList(k, v, s.standalone_enum).filter(e, e == TestAllTypes.NestedEnum.BAR || e != 77)",
    "Object.entries(s.mapStringString).map(() => BigInt(s.standaloneEnum)).filter((e) => Number(e) === TestAllTypes_NestedEnum.BAR || Number(e) !== 77).map(toInt32) as TestAllTypes_NestedEnum[]",
  ],
  ["s.standalone_enum == 9223372036854775807", "BigInt(s.standaloneEnum) === 9223372036854775807n"],
  ["int(-9223372036854775808) == -1.0", "Number(-9223372036854775808n) === -1"],
  [
    "optional.ofNonZeroValue(42).or(optional.ofNonZeroValue(20)).value() == 1",
    "(optionalValue(nonZero(42n) ?? nonZero(20n)) as bigint) === 1n",
  ],
  [
    "1 in [s.repeated_nested_enum, s.repeated_nested_enum].flatten()",
    "isIn(1, [s.repeatedNestedEnum, s.repeatedNestedEnum].flat())",
  ],
  [
    "(10 / s.single_int64 > 1 && s.single_bool == true) || s.single_bool",
    "Boolean(s.singleBool) || (s.singleBool && divideInt(10n, s.singleInt64) > 1n)",
  ],
  [
    "has(s.single_nested_message) && has(s.single_nested_enum)",
    'Boolean(s.nestedType.case === "singleNestedMessage") && s.nestedType.case === "singleNestedEnum"',
  ],
];

// What is known only at run time, what may be null, and what TypeScript cannot infer.
import type { Case } from "./emitted-cases.ts";

export const CHECKED: readonly Case[] = [
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
    "TestAllTypes{repeated_nested_message: [null, s.standalone_message]}",
    "create(TestAllTypesSchema, { repeatedNestedMessage: [s.standaloneMessage ?? create(TestAllTypes_NestedMessageSchema)] })",
  ],
  [
    "TestAllTypes{repeated_nested_message: [s.single_bool ? s.standalone_message : null]}",
    "create(TestAllTypesSchema, { repeatedNestedMessage: [...given((s.singleBool ? s.standaloneMessage ?? create(TestAllTypes_NestedMessageSchema) : null) ?? undefined)] })",
  ],
  [
    "TestAllTypes{repeated_int64_wrapper: [1, s.single_int64_wrapper]}",
    "create(TestAllTypesSchema, { repeatedInt64Wrapper: [create(Int64ValueSchema, { value: 1n }), ...given(unlessNull(s.singleInt64Wrapper ?? null, (value) => create(Int64ValueSchema, { value: value })) ?? undefined)] })",
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
  ["s.single_bool ? [] : s.repeated_string", "s.singleBool ? [] : s.repeatedString"],
  ["{}", "new Map<never, never>()"],
  ["{'a': 1, 2: 3}", 'new Map<unknown, bigint>([["a", 1n], [2n, 3n]])'],
  [
    "{'a': s.single_int64_wrapper, 'b': 1}",
    'new Map<string, bigint | null>([["a", s.singleInt64Wrapper ?? null], ["b", 1n]])',
  ],
  ["google.protobuf.StringValue{value: 'a'} == 'b'", '("a" as string) === "b"'],
];

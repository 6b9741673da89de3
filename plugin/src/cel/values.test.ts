// Values that differ, or fail, only at their limits: an expression has to be true, or an error that the compiler
// announced.
import { fromJson } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { compiled, FAILED } from "./testing/both-ways.ts";
import { MESSAGE } from "./testing/fixtures.ts";

const s = fromJson(MESSAGE.desc, {
  singleUint32: 7,
  singleUint64: "18446744073709551615",
  singleInt64: "9223372036854775807",
  singleFloat: 0.5,
  repeatedFloat: [0.5],
  repeatedInt64: ["9223372036854775807"],
  repeatedUint32: [5],
  mapUint32String: { 5: "five" },
  mapInt64String: { "9223372036854775807": "max" },
  mapInt64Int64: { 1: "2" },
});
const variables = { s, list: [s], count: 5n, LIMIT: 5n };

it.each([
  // A float beside a double
  "[0.1, s.single_float][0] == 0.1",
  "0.1 in [s.single_float, 0.1]",
  "(s.repeated_float + [0.1])[1] == 0.1",
  "[s.single_float, 0.1].exists(x, x == 0.1)",
  "[[0.1], s.repeated_float][0][0] == 0.1",
  "(s.single_bool ? s.single_float : 0.1) == 0.1",
  // The type of a conversion, read from a dyn
  "dyn(int(s.single_uint32)) + 1 == 8",
  "type([uint(5), 'a'][0]) == uint",
  "type([int(5u), 'a'][0]) == int",
  "type(dyn(s.single_bool ? 5 : 6)) == int",
  "type(dyn(s.single_bool ? 5u : 6u)) == uint",
  "TestAllTypes{single_any: int(s.single_uint32)}.single_any == 7 && type(TestAllTypes{single_any: int(s.single_uint32)}.single_any) == int",
  // A uint in an optional
  "type(dyn([s.single_uint64].first()).value()) == uint",
  "type(dyn(optional.of([s.single_uint64])).value()[0]) == uint",
  "type([s.?single_uint32, 1][0].value()) == uint",
  "[optional.of(5u)].unwrapOpt()[0] + 1u == 6u",
  "optional.of(5u).or(optional.of(6u)).value() == 5u",
  "[optional.of([5u])][0].value()[0] + 1u == 6u",
  // A uint that is a key
  "dyn(s.map_uint32_string).all(k, type(k) == uint)",
  "dyn(s.map_int64_string).all(k, type(k) == int)",
  "dyn({5u: 1}).all(k, type(k) == uint)",
  "dyn(s).map_uint32_string.all(k, type(k) == uint)",
  "dyn(s.map_uint32_string)[5u] == 'five' && dyn(s.map_uint32_string)[5] == 'five'",
  "dyn({5u: 1}).transformMap(k, v, k)[5u] == 5u",
  "[{5u: 1}, 'a'][0].exists(k, v, k == 5u && type(k) == uint)",
  "dyn({5u: 1}) == {5: 1}",
  "dyn([optional.of(s.map_uint32_string)][0]).value().all(k, type(k) == uint)",
  "dyn([optional.of({5u: 1})])[0].value().all(k, type(k) == uint)",
  "dyn([s.map_uint32_string])[0].all(k, type(k) == uint)",
  "[optional.of(s.single_uint32)].unwrapOpt().map(x, math.sqrt(x) > 2.0 && x < 8u && string(x) == '7')[0]",
  "[optional.of(5u)][dyn(0)].value() < 6u",
  // No integer is -0.0
  "1.0 / math.sqrt(s.single_int32 / -5) > 0.0",
  // A value of JSON beside bytes
  "[s.single_value, b'a'][1] == b'a'",
  // Null in an optional
  "!has(TestAllTypes{?single_int64_wrapper: optional.of(s.single_int64_wrapper)}.single_int64_wrapper)",
  "TestAllTypes{?repeated_int64_wrapper: optional.of([s.single_int64_wrapper])}.repeated_int64_wrapper == []",
  "([1] + [s.single_int64_wrapper])[1] == null",
  // Surrogate pairs
  "'a🚀b'.replace('', '-') == '-a-🚀-b-'",
  // Nothing in a message
  "!optional.ofNonZeroValue(TestAllTypes{}).hasValue()",
  "optional.ofNonZeroValue(TestAllTypes{optional_bool: false}).hasValue()",
  "optional.ofNonZeroValue(dyn(TestAllTypes{optional_bool: false})).hasValue()",
  "!optional.ofNonZeroValue(dyn(TestAllTypes{})).hasValue()",
  "optional.ofNonZeroValue(s).hasValue()",
  // Times in order
  "google.protobuf.Timestamp{nanos: 1000000000} == timestamp(1)",
  "google.protobuf.Timestamp{seconds: 1, nanos: -1} == timestamp('1970-01-01T00:00:00.999999999Z')",
  "google.protobuf.Duration{seconds: 1, nanos: -1} == duration('999999999ns')",
  "google.protobuf.Duration{seconds: count, nanos: 5} == duration('5.000000005s')",
  "google.protobuf.Duration{seconds: 5} == duration('5s')",
  "google.protobuf.Timestamp{?seconds: optional.none()} == timestamp(0)",
  "google.protobuf.Timestamp{} == timestamp(0)",
  // A double that equals many ints
  "[dyn(18446744073709551616.0), 18446744073709550592u].distinct().size() == 1",
])("%s", (expression) => {
  const { code, value } = compiled(expression, variables)!;
  expect(value, code).toBe(true);
});

it.each([
  // An error of an operand of which only the type is read
  "type(1 / s.single_int32) == int",
  "type([1, 2][count]) == int",
  "type(s.map_int64_int64[9]) == type(1)",
  // Boxes are no maps
  "size(dyn(5u)) == 1",
  "'value' in dyn(5u)",
  "'inner' in dyn(optional.of(1))",
  "'%s'.format([optional.of(1)]) == ''",
  "TestAllTypes{single_any: optional.of(1)} == s",
  "dyn(timestamp(0)).seconds == 0",
  // Out of range
  "TestAllTypes{map_int32_string: {s.single_int64: 'x'}} == s",
  "TestAllTypes{map_int32_string: s.map_int64_string} == s",
  "TestAllTypes{repeated_int32: s.repeated_int64} == s",
  "TestAllTypes{repeated_int32: [s.single_int64]} == s",
  "google.protobuf.Timestamp{seconds: s.single_int64} == timestamp(0)",
  "google.protobuf.Duration{seconds: s.single_int64} == duration('0s')",
  "google.protobuf.Timestamp{seconds: 253402300800} == timestamp(0)",
  "TestAllTypes{?repeated_int32: optional.ofNonZeroValue(s.repeated_int64)} == s",
  "TestAllTypes{?map_int32_string: optional.of(s.map_int64_string)} == s",
  "TestAllTypes{?map_uint32_string: optional.of({s.single_uint64: 'x'})} == s",
  "TestAllTypes{repeated_uint32: [optional.of(s.single_uint64)].unwrapOpt()} == s",
  "[1, 2][?dyn(s.single_uint64)].hasValue()",
  "TestAllTypes{?single_int32: optional.of(s.single_int64_wrapper)} == s",
  // Not what cel-go's checker takes it for
  "(s.single_bool ? optional.none() : s.single_value).orValue('a').matches('a')",
  // Nothing that has an order
  "[s.single_int64_wrapper].sortBy(x, x) == [1]",
  "[1, 2].sortBy(x, x == 1 ? dyn(1) : dyn('a')) == [1]",
  // No JSON
  "TestAllTypes{single_any: [dyn(s)]} == s",
])("%s is an announced error, which || absorbs", (expression) => {
  const { code, value, fails } = compiled(expression, variables)!;
  expect([value, fails], code).toEqual([FAILED, true]);
  expect(compiled(`${expression} || true`, variables)?.value).toBe(true);
});

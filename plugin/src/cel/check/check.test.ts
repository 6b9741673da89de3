import { describe, expect, it } from "vitest";
import { registry, scope } from "../testing/fixtures.ts";
import { check, scopeOf, variable } from "../testing/harness.ts";
import { typeName } from "../types/model/type-name.ts";
import { NO_NULL } from "./literal.ts";

/** An expression and what is reported: code, place, message and after a bar the hint. */
const FAULTS: readonly (readonly [expression: string, ...reported: string[]])[] = [
  ["", "BFF301 1:1-1 the expression is empty"],
  ["1 +", 'BFF301 1:3-4 the expression ends after "+"'],
  ["s.single_int32 = 5", 'BFF301 1:16-17 unexpected "=" | compare with `==`'],
  ["s.single_bool & true", 'BFF301 1:15-16 unexpected "&" | write `&&`'],
  ["a b", 'BFF301 1:3-4 unexpected "b"'],
  ["a toString", 'BFF301 1:3-11 unexpected "toString"'],
  [
    "s.?x",
    'BFF303 1:4-5 cel.expr.conformance.proto3.TestAllTypes has no field "x" | choose one of its fields: single_int32, single_int64, single_uint32, single_uint64, single_sint32, single_sint64, single_fixed32, single_fixed64, …',
  ],
  [
    "s.`x`",
    'BFF303 1:3-6 cel.expr.conformance.proto3.TestAllTypes has no field "x" | choose one of its fields: single_int32, single_int64, single_uint32, single_uint64, single_sint32, single_sint64, single_fixed32, single_fixed64, …',
  ],
  ["'a\\qb'", "BFF301 1:3-5 \\q is not an escape"],
  ["'\\ud800'", "BFF301 1:2-8 \\ud800 is not a code point"],
  ["b'\\u00e9'", "BFF301 1:3-9 bytes have no escape \\u00e9"],
  ["1e999", "BFF309 1:1-6 the number does not fit into a double"],
  ["-5u", "BFF309 1:1-4 an unsigned number cannot be negative"],
  ["-0u", "BFF309 1:1-4 an unsigned number cannot be negative"],
  ["0XFF", 'BFF301 1:1-5 unexpected "0XFF" | write 0xFF'],
  ["rb'a'", 'BFF301 1:1-3 unexpected "rb" | write br, with the b before the r'],
  ["[1, 2", "BFF301 1:5-6 the expression ends too early | end the list with ]"],
  ["f(a b)", 'BFF301 1:5-6 unexpected "b" | end the call with )'],
  ["{'a' 1}", 'BFF301 1:6-7 unexpected "1" | write an entry of a map as key: value'],
  ["s ? s", "BFF301 1:5-6 the expression ends too early | write both branches of a condition: c ? a : b"],
  ["s.`x", "BFF301 1:3-4 the name is not closed | write only letters, digits, _ . - / and blanks between backticks"],
  ["99999999999999999999", "BFF309 1:1-21 the integer does not fit into 64 bits"],
  ["'abc", "BFF301 1:1-2 the string is not closed | close it with '"],
  ["if", 'BFF301 1:1-3 unexpected "if" | replace "if", a reserved word of CEL'],
  ["f(", 'BFF301 1:2-3 the expression ends after "("'],
  ["x", 'BFF302 1:1-2 "x" is not in scope here | did you mean "s"?'],
  ["ss.single_int32", 'BFF302 1:1-3 "ss" is not in scope here | did you mean "s"?'],
  ["S", 'BFF302 1:1-2 "S" is not in scope here | did you mean "s"?'],
  ["lst.size()", 'BFF302 1:1-4 "lst" is not in scope here | did you mean "list"?'],
  [
    "s.single_int23",
    'BFF303 1:3-15 cel.expr.conformance.proto3.TestAllTypes has no field "single_int23" | did you mean "single_int32"?',
  ],
  [
    "s.singleInt32",
    'BFF303 1:3-14 cel.expr.conformance.proto3.TestAllTypes has no field "singleInt32" | did you mean "single_int32"?',
  ],
  [
    "s.zzz",
    'BFF303 1:3-6 cel.expr.conformance.proto3.TestAllTypes has no field "zzz" | choose one of its fields: single_int32, single_int64, single_uint32, single_uint64, single_sint32, single_sint64, single_fixed32, single_fixed64, …',
  ],
  [
    "s.standalone_message.cc",
    'BFF303 1:22-24 cel.expr.conformance.proto3.TestAllTypes.NestedMessage has no field "cc" | choose one of its fields: bb',
  ],
  ["s.single_int32.x", 'BFF305 1:16-17 int has no field "x"'],
  [
    "list.single_int32",
    'BFF305 1:6-18 list(cel.expr.conformance.proto3.TestAllTypes) has no field "single_int32" | read the field of each item: list.map(item, item.single_int32)',
  ],
  ["args.it", 'BFF302 1:6-8 "args" has no "it" | did you mean "id"?'],
  ["env.LIMITS", 'BFF302 1:5-11 "env" has no "LIMITS" | did you mean "LIMIT"?'],
  ["args", 'BFF306 1:1-5 "args" is not a value by itself | name a member: args.id, args.stock'],
  ["env", 'BFF306 1:1-4 "env" is not a value by itself | name a member: env.LIMIT'],
  ["headers", 'BFF306 1:1-8 "headers" is not a value by itself | read one header: headers["x-request-id"]'],
  [
    "list[?'a']",
    "BFF305 1:1-11 list(cel.expr.conformance.proto3.TestAllTypes)[?string] does not exist | use list(A)[?int]",
  ],
  ["headers[1]", "BFF305 1:9-10 the name of a header must be a string"],
  ["args.x", 'BFF302 1:6-7 "args" has no "x" | choose one of id, stock'],
  ["size", 'BFF306 1:1-5 "size" is a function | call it: size(…)'],
  [
    "TestAllTypes.NestedEnum.BART",
    'BFF302 1:25-29 the enum cel.expr.conformance.proto3.TestAllTypes.NestedEnum has no value "BART" | did you mean "BAR"?',
  ],
  [
    "TestAllTypes.NestedEnum",
    'BFF306 1:1-24 "TestAllTypes.NestedEnum" is an enum and not a value | name one of its values',
  ],
  [
    "TestAllTypes.NestedEnum(1)",
    "BFF307 1:14-24 a number or a text cannot be converted to an enum like this: the enum may have no such value | write NestedEnum.from(…), which is an optional, or write one of its values",
  ],
  [
    "NOT_FOUND",
    'BFF302 1:1-10 "NOT_FOUND" is not in scope here | choose a name in scope: s, a, b, list, count, args, env, headers, …',
  ],
  ["sizes(list)", 'BFF304 1:1-6 the function "sizes" does not exist | did you mean "size"?'],
  [
    "s.single_string.startWith('a')",
    'BFF304 1:17-26 the function "startWith" does not exist | did you mean "startsWith"?',
  ],
  [
    "list.flatten()",
    "BFF305 1:6-13 list(cel.expr.conformance.proto3.TestAllTypes).flatten() does not exist | use list(list(A)).flatten()",
  ],
  ["x.y.z(1)", 'BFF302 1:1-2 "x" is not in scope here | did you mean "s"?'],
  ["ss.single_string.foo()", 'BFF302 1:1-3 "ss" is not in scope here | did you mean "s"?'],
  ["mth.floor(1.5)", 'BFF304 1:1-10 the function "mth.floor" does not exist | did you mean "math.floor"?'],
  [
    "ss.toUpper()",
    'BFF304 1:4-11 the function "toUpper" does not exist | write x.upper()',
    'BFF302 1:1-3 "ss" is not in scope here | did you mean "s"?',
  ],
  ["list.find(i, i.single_int32 == 1)", 'BFF304 1:6-10 the function "find" does not exist | write x.first(item, …)'],
  [
    "list.foo(s, tt)",
    'BFF304 1:6-9 the function "foo" does not exist',
    'BFF302 1:13-15 "tt" is not in scope here | choose a name in scope: s, a, b, list, count, args, env, headers, …; or pass the value as an argument of the composing step, and read args.tt',
  ],
  [
    "math.sum([1, 2])",
    'BFF304 1:6-9 the function "math.sum" does not exist | write x.sum(…), or choose a function of math: abs, bitAnd, bitNot, bitOr, bitShiftLeft, bitShiftRight, bitXor, ceil, floor, greatest, isFinite, isInf, isNaN, least, round, sign, sqrt, trunc',
  ],
  [
    "sets.size([1])",
    'BFF304 1:6-10 the function "sets.size" does not exist | write x.size(…), or choose a function of sets: contains, equivalent, intersects',
  ],
  ["math.foo(1)", 'BFF304 1:6-9 the function "math.foo" does not exist | did you mean "math.floor"?'],
  ["s.single_string.foo()", 'BFF304 1:17-20 the function "foo" does not exist'],
  ["now < null", "BFF305 1:1-11 timestamp < null does not exist | use timestamp < timestamp"],
  [
    "now.seconds",
    'BFF305 1:5-12 a timestamp has no field "seconds" | read a part with x.getSeconds(), or all seconds with int(x)',
  ],
  [
    "[?1]",
    "BFF305 1:3-4 the value after ? must be an optional, and this is int | leave out the ?, or write optional.of(…)",
  ],
  [
    "TestAllTypes{?single_int32: 1}",
    "BFF305 1:29-30 the value after ? must be an optional, and this is int | leave out the ?, or write optional.of(…)",
  ],
  ["optional.of(1).optMap(x, x + 'a')", "BFF305 1:26-33 int + string does not exist | write string(x)"],
  [
    "optional.of(true) ? 1 : 2",
    "BFF305 1:1-18 a condition must be a bool, and this is optional(bool) | test its presence: x.hasValue()",
  ],
  ["1 + 'a'", "BFF305 1:1-8 int + string does not exist | write string(1)"],
  ["s.single_int32 + s.single_int64 + 1u", "BFF305 1:1-37 int + uint does not exist | use int + int"],
  ["s.single_string > 1", "BFF305 1:1-20 string > int does not exist | use string > string"],
  [
    "s.single_int32 == 'x'",
    "BFF305 1:1-22 int == string does not exist | write the number without quotes, or string(…) around it",
  ],
  [
    "s.single_string == null",
    "BFF305 1:1-24 string == null does not exist | compare it with a value: only messages and wrappers can be null",
  ],
  ["!s.single_int32", "BFF305 1:1-16 !int does not exist | use !bool"],
  ["s.single_string && true", "BFF305 1:1-16 a condition must be a bool, and this is string | compare it: x != ''"],
  ["s.single_int32 ? 1 : 2", "BFF305 1:1-15 a condition must be a bool, and this is int | compare it: x != 0"],
  [
    "list ? 1 : 2",
    "BFF305 1:1-5 a condition must be a bool, and this is list(cel.expr.conformance.proto3.TestAllTypes) | compare its size: size(x) > 0",
  ],
  [
    "s ? 1 : 2",
    "BFF305 1:1-2 a condition must be a bool, and this is cel.expr.conformance.proto3.TestAllTypes | test its presence: has(x.field) or ok(step)",
  ],
  [
    "s.single_bool ? 1 : 'x'",
    "BFF305 1:1-24 the two branches have different types, int and string | write string(…) around the first branch",
  ],
  [
    "size(5)",
    "BFF305 1:1-5 size(int) does not exist | use size(bytes), bytes.size(), size(list(A)), list(A).size(), size(map(A, B)), map(A, B).size(), size(string), string.size()",
  ],
  ["s.single_string.contains(5)", "BFF305 1:17-25 string.contains(int) does not exist | use string.contains(string)"],
  [
    "list['a']",
    "BFF305 1:1-10 list(cel.expr.conformance.proto3.TestAllTypes)[string] does not exist | use list(A)[int]",
  ],
  ["5[0]", "BFF305 1:1-5 int[int] does not exist | use list(A)[int], map(A, B)[A]"],
  ["1 in 5", "BFF305 1:1-7 int in int does not exist | use A in list(A), A in map(A, B)"],
  ["{1.5: 2}", "BFF305 1:1-9 a map cannot have keys of type double"],
  [
    "ok(s.single_int32)",
    "BFF308 1:4-18 `ok` takes the name of a step or an argument | write has(s.single_int32) to test a field",
  ],
  ["ok(args)", "BFF308 1:4-8 `ok` takes the name of a step or an argument"],
  ["ok(1)", "BFF308 1:4-5 `ok` takes the name of a step or an argument"],
  [
    "ok(zz)",
    'BFF302 1:4-6 "zz" is not in scope here | choose a name in scope: s, a, b, list, count, args, env, headers, …; or pass the value as an argument of the composing step, and read args.zz',
  ],
  ["ok()", "BFF308 1:1-5 `ok` takes the name of a step or an argument"],
  ["ok(list[0])", "BFF308 1:4-11 `ok` takes the name of a step or an argument"],
  ["ok(now)", "BFF308 1:4-7 `ok` takes the name of a step or an argument"],
  ["has(s)", "BFF313 1:5-6 `has` takes a field: has(x.field) | write ok(s) to test whether the step has a value"],
  [
    "headers.x-request-id == ''",
    "BFF305 1:1-21 a name with a dash cannot follow a dot: this is a subtraction | write headers['x-request-id']",
  ],
  ["args.id == '' and true", 'BFF301 1:15-18 unexpected "and" | write `&&`'],
  [
    "list.map(i => i.id)",
    'BFF301 1:12-13 unexpected "=" | write a macro in place of a function: list.map(item, item.name)',
  ],
  ["s.single_int32.toString()", 'BFF304 1:16-24 the function "toString" does not exist | write string(x)'],
  [
    "has(args.id)",
    "BFF313 1:5-12 `has` tests a field of a message, and args.id is not a field | write args.id != '': args.id always has a value",
  ],
  [
    "has(s.zzz)",
    'BFF303 1:7-10 cel.expr.conformance.proto3.TestAllTypes has no field "zzz" | choose one of its fields: single_int32, single_int64, single_uint32, single_uint64, single_sint32, single_sint64, single_fixed32, single_fixed64, …',
  ],
  ["list.map(1, 2)", "BFF313 1:10-11 the first argument of `map` must be the name of its variable"],
  ["cel.bind(x, 1)", "BFF313 1:1-15 `cel.bind` takes a name, a value and an expression: cel.bind(name, value, …)"],
  ["list.all(x, x, true)", "BFF313 1:13-14 both variables of `all` have the same name"],
  [
    "list.transformMap(1, v, true)",
    "BFF313 1:19-20 the first arguments of `transformMap` must be the names of its variables",
  ],
  [
    "list.transformMapEntry(i, v, v)",
    "BFF305 1:30-31 an entry must be a map, and this is cel.expr.conformance.proto3.TestAllTypes | write {key: value}",
  ],
  [
    "list.sort(r, r.single_int32)",
    'BFF304 1:6-10 the function "sort" has no variable such as "r" | write sortBy(r, …)',
  ],
  ["2 * 1.5", "BFF305 1:1-8 int * double does not exist | write double(2)"],
  ["1.5 - s.single_int64", "BFF305 1:1-21 double - int does not exist | write double(s.single_int64)"],
  ["list.sortBy(f, f)", "BFF305 1:16-17 values of type cel.expr.conformance.proto3.TestAllTypes cannot be sorted"],
  ["s.single_string.optMap(x, x)", "BFF305 1:1-16 `optMap` needs an optional, and this is string"],
  ["s.single_int32.all(x, x)", "BFF305 1:1-15 `all` needs a list or a map, and this is int"],
  [
    "s.single_int32.all(x, 5)",
    "BFF305 1:1-15 `all` needs a list or a map, and this is int",
    "BFF305 1:23-24 a condition must be a bool, and this is int | compare it: x != 0",
  ],
  ["list.map(f)", "BFF313 1:1-12 `map` takes a name and an expression: x.map(item, …)"],
  ["s.single_int32.map(x, x)", "BFF305 1:1-15 `map` needs a list or a map, and this is int"],
  ["list.filter(f, f.single_int32)", "BFF305 1:16-30 a condition must be a bool, and this is int | compare it: x != 0"],
  ["NoSuch{}", 'BFF311 1:1-7 the message "NoSuch" is not part of this run'],
  [
    "TestAllType{}",
    'BFF311 1:1-12 the message "TestAllType" is not part of this run | did you mean "cel.expr.conformance.proto3.TestAllTypes"?',
  ],
  [
    "TestAllTypes{singl_int32: 1}",
    'BFF303 1:14-25 cel.expr.conformance.proto3.TestAllTypes has no field "singl_int32" | did you mean "single_int32"?',
  ],
  [
    "TestAllTypes{single_int32: 'x'}",
    'BFF310 1:28-31 "single_int32" is of type int, and this is string | convert it: int(…)',
  ],
  [
    "TestAllTypes{single_uint32: 1}",
    'BFF310 1:29-30 "single_uint32" is of type uint, and this is int | convert it: uint(…)',
  ],
  [
    "TestAllTypes{single_int32: 3000000000}",
    'BFF309 1:28-38 3000000000 does not fit into "single_int32", whose range is -2147483648 to 2147483647',
  ],
  ["TestAllTypes{single_int32: 1, single_int32: 2}", 'BFF312 1:31-43 "single_int32" is set twice'],
  [
    "TestAllTypes{standalone_enum: 1}",
    'BFF310 1:31-32 "standalone_enum" is of type cel.expr.conformance.proto3.TestAllTypes.NestedEnum, and this is int | write one of the values of the enum, such as cel.expr.conformance.proto3.TestAllTypes.NestedEnum.BAR',
  ],
  [
    "args.?id",
    "BFF305 1:7-9 \"args\" is not a message, so it has no .? | write args.id != '': args.id always has a value",
  ],
  [
    "headers.?x",
    'BFF305 1:10-11 "headers" is not a message, so it has no .? | read it without .?: an absent header is ""',
  ],
  [
    "timestamp('yesterday')",
    'BFF314 1:1-23 "yesterday" is not a timestamp | write a timestamp such as "2026-01-31T12:00:00Z"',
  ],
  [
    "duration('5 minutes')",
    'BFF314 1:1-22 "5 minutes" is not a duration | write a duration such as "1h30m" or "250ms"',
  ],
  [
    "s.single_string.matches('(?=a)')",
    'BFF314 1:1-33 "(?=a)" is not a pattern of RE2 | write a pattern of RE2, as in github.com/google/re2/wiki/Syntax',
  ],
  [
    "s.single_string.matches('[')",
    'BFF314 1:1-29 "[" is not a pattern of RE2 | write a pattern of RE2, as in github.com/google/re2/wiki/Syntax',
  ],
  [
    "list.map(i, nn, nn + i)",
    'BFF302 1:13-15 "nn" is not in scope here | write transformList(i, x, e) for positions and elements: the second operand of map is a condition',
  ],
  ["headers.?['x-a']", 'BFF301 1:10-11 unexpected "[" | write a[?key] in place of a.?[key]'],
  [
    "[ss, tt]",
    'BFF302 1:2-4 "ss" is not in scope here | did you mean "s"?',
    'BFF302 1:6-8 "tt" is not in scope here | choose a name in scope: s, a, b, list, count, args, env, headers, …; or pass the value as an argument of the composing step, and read args.tt',
  ],
  [
    "s.single_string +\n  s.singel_string",
    'BFF303 2:5-18 cel.expr.conformance.proto3.TestAllTypes has no field "singel_string" | did you mean "single_string"?',
  ],
];

describe("invalid expressions", () => {
  it.each(FAULTS.map(([expression, ...reported]) => ({ expression, reported })))(
    "$expression",
    ({ expression, reported }) => {
      const result = check(expression, scope, registry);
      expect(result.expression).toBeUndefined();
      const shown = result.diagnostics.map(({ code, at, message, hint }) => {
        const end = at.line === at.endLine ? `${at.endColumn}` : `${at.endLine}:${at.endColumn}`;
        return `${code} ${at.line}:${at.column}-${end} ${message}${hint === undefined ? "" : ` | ${hint}`}`;
      });
      expect(shown).toEqual(reported);
    },
  );
});

describe("valid expressions", () => {
  it.each([
    ["[1, 2u, 'x']", "list"],
    ["[]", "list"],
    ["[].all(e, e > 0)", "bool"],
    ["s.repeated_string + []", "list"],
    ["dyn(1) + 1", "int"],
    ["dyn(1) + dyn(2)", "dyn"],
    ["s.?standalone_message.bb", "optional"],
    ["s.?standalone_message.bb.orValue(3)", "int"],
    ["list[?0].optMap(x, x.single_string)", "optional"],
    ["[?optional.of(1), 2][0]", "int"],
    ["{?'a': optional.of(1)}", "map"],
    ["TestAllTypes{?single_int32: optional.of(1)}", "message"],
    ["TestAllTypes{single_struct: {'a': 1}}", "message"],
    ["google.protobuf.Int32Value{value: 1}", "wrapper"],
    ["cel.bind(x, 1, x + x)", "int"],
    ["list.all(i, x, i == x.single_int32)", "bool"],
    ["list.sortBy(f, f.single_int32)", "list"],
    ["list.transformMap(i, v, v.single_string)", "map"],
    ["s.map_string_string.transformList(k, v, k + v)", "list"],
    ["math.greatest(1, 2, 3)", "int"],
    ["math.least(1, 2.5)", "dyn"],
    ["{'a-b': 1}.`a-b`", "int"],
    ["s.single_int64_wrapper + 1", "int"],
    ["s.single_any", "dyn"],
    ["TestAllTypes{single_any: s.single_any}", "message"],
    ["TestAllTypes{single_any: s}", "message"],
    ["s.single_any == s.single_any", "bool"],
    ["s.single_any.x", "dyn"],
    ["google.protobuf.Any{}", "dyn"],
    ["list.map(list, list.single_int32)[0]", "int"],
    ["count < s.single_uint32 && s.single_uint32 < 2.5 && count == s.single_double", "bool"],
    ["// a comment\ns.single_int32", "int"],
    ["TestAllTypes{standalone_message: null}.single_int32", "int"],
    [".cel.expr.conformance.proto3.TestAllTypes{}", "message"],
  ])("%s", (expression, kind) => {
    const result = check(expression, scope, registry);
    expect(result.diagnostics).toEqual([]);
    expect(result.expression?.type.kind).toBe(kind);
  });
});

describe("inferred types, as in cel-go", () => {
  it.each([
    ["optional.of(1).optFlatMap(x, optional.none().value())", "optional(dyn)"],
    ["optional.of(s).repeated_string[dyn(0)]", "optional(string)"],
    ["optional.of(s).map_string_int64[dyn('a')]", "optional(int)"],
    ["optional.of(dyn(s))[dyn(0)]", "optional(dyn)"],
    ["{}.transformMap(k, v, k).a", "dyn"],
    ["list.sortBy(x, x.single_int64_wrapper)", "list(cel.expr.conformance.proto3.TestAllTypes)"],
  ])("%s is %s", (text, type) => {
    const { diagnostics, expression } = check(text, scope, registry);
    expect(diagnostics).toEqual([]);
    expect(typeName(expression?.type ?? { kind: "null" })).toBe(type);
  });
});

it("an enum is found by its full name even if a step has the name of its package", () => {
  const cel = variable("cel", { kind: "string" });
  const { expression } = check("cel.expr.conformance.proto3.TestAllTypes.NestedEnum.BAR", scopeOf([cel]), registry);
  expect(expression?.root.kind).toBe("enum");
  expect(expression?.reads).toEqual([]);
});

describe("absence", () => {
  it.each<[string, readonly string[]]>([
    ["a.single_int32", ["a"]],
    ["a.single_int32 + b.single_int32 + a.single_int32", ["a", "b"]],
    ["ok(a)", []],
    ["ok(a) ? a.single_int32 : 0", []],
    ["!ok(a) ? 0 : a.single_int32", []],
    ["ok(a) && a.single_bool", []],
    ["a.single_bool && ok(a)", ["a"]],
    ["!ok(a) || a.single_bool", []],
    ["ok(a) && ok(b) ? a.single_int32 + b.single_int32 : 0", []],
    ["ok(a) || ok(b) ? a.single_int32 : 0", ["a"]],
    ["!(ok(a) && ok(b)) ? 0 : a.single_int32 + b.single_int32", []],
    ["!ok(a) || !ok(b) || a.single_bool && b.single_bool", []],
    ["ok(a) && list.exists(f, f.single_int32 == a.single_int32)", []],
    ["list.exists(f, f.single_int32 == a.single_int32)", ["a"]],
    ["list.exists(a, a.single_bool)", []],
    ["ok(args.stock) ? args.stock.single_int32 : 0", []],
    ["args.stock.single_int32", ["stock"]],
    ["args.id", []],
  ])("%s depends on %j", (text, unsafe) => {
    const { expression, diagnostics } = check(text, scope, registry);
    expect(diagnostics).toEqual([]);
    expect(expression?.unsafe.map((variable) => variable.name)).toEqual(unsafe);
  });

  it.each(["ok(a) ? 0 : a.single_int32", "ok(a) || a.single_bool", "!ok(a) && a.single_bool"])(
    "%s reads an absent value",
    (text) => {
      expect(check(text, scope, registry).diagnostics.map(({ code }) => code)).toEqual(["BFF321"]);
    },
  );

  it("every read is listed with its position", () => {
    const { expression } = check("ok(a) ? a.single_string : headers['x'] + env.LIMIT.string()", scope, registry);
    expect(expression).toBeUndefined();
    const reads = check("ok(a) ? a.single_string : headers['x'] + args.id", scope, registry).expression?.reads;
    expect(reads?.map(({ variable, kind, safe, at }) => [variable.name, kind, safe, at.column, at.endColumn])).toEqual([
      ["a", "ok", true, 4, 5],
      ["a", "value", true, 9, 10],
      ["headers", "value", true, 27, 39],
      ["id", "value", true, 42, 49],
    ]);
  });
});

it.each([
  ["s.single_bool ? null : s.?single_string", NO_NULL],
  ["s.single_bool ? s.?standalone_message : null", NO_NULL],
  ["s.single_bool ? (s.single_bool ? s.?single_string : null) : s.?single_string", NO_NULL],
  ["s.single_bool ? [null] : [s.?single_string]", NO_NULL],
  ["cel.bind(x, null, s.single_bool ? x : s.?single_string)", NO_NULL],
  ["[s.?single_string, null]", NO_NULL],
  ["[null, 'a', s.?single_string]", NO_NULL],
  ["[[null], [optional.none()]]", NO_NULL],
  ["[null, ?optional.of(s.?single_string)]", NO_NULL],
  ["{'a': null, 'b': s.?single_string}", NO_NULL],
  ["s.?single_string.or(null)", NO_NULL],
  ["[s.?single_string] + [null]", NO_NULL],
  ["null in [s.?single_string]", NO_NULL],
  ["optional.of([null]).or(optional.of([s.?single_string]))", NO_NULL],
  ["[1].reduce(sum, one, null, s.?single_string)", NO_NULL],
  ["s.?single_string.optFlatMap(text, null)", NO_NULL],
  ["s.?single_string.optFlatMap(text, text == '' ? null : optional.of(text))", NO_NULL],
  ["[?null]", NO_NULL],
  ["{?'a': null}", NO_NULL],
  ["TestAllTypes{?single_string: null}", NO_NULL],
  ["[?optional.of(null)]", "write optional.none() after the ?"],
  ["TestAllTypes{?single_int64_wrapper: s.?single_string.optMap(text, null)}", "write optional.none() after the ?"],
  ["TestAllTypes{?repeated_int64_wrapper: optional.of([null])}", "leave repeated_int64_wrapper out"],
  ["TestAllTypes{map_string_int64_wrapper: {'a': 1}.transformMap(k, v, null)}", "leave map_string_int64_wrapper out"],
  ["s.?single_string == null", "write !s.?single_string.hasValue()"],
  [
    "null != (s.single_bool ? s.?single_string : optional.none())",
    "write (s.single_bool ? s.?single_string : optional.none()).hasValue()",
  ],
])("null beside an optional is refused: %s", (text, hint) => {
  expect(check(text, scope, registry).diagnostics.map((diagnostic) => diagnostic.hint)).toEqual([hint]);
});

it("an optional of a message or of a wrapper may contain null", () => {
  const faults = (text: string) => check(text, scope, registry).diagnostics;
  expect(faults("s.?standalone_message.orValue(null)")).toEqual([]);
  expect(faults("s.?single_int64_wrapper.orValue(null)")).toEqual([]);
  expect(faults("TestAllTypes{?single_int64_wrapper: optional.of(s.single_int64_wrapper)}")).toEqual([]);
  expect(faults("TestAllTypes{?standalone_message: optional.of(s.single_bool ? null : s.standalone_message)}")).toEqual(
    [],
  );
});

it("messages compared with null are refused", () => {
  const shown = (text: string) =>
    check(text, scope, registry).diagnostics.map(({ code, severity, hint }) => [code, severity, hint]);
  expect(shown("s.standalone_message != null")).toEqual([["BFF315", "error", "write has(s.standalone_message)"]]);
  expect(shown("null == s")).toEqual([["BFF315", "error", 'leave it out: "s" always has a value']]);
  expect(shown("a != null")).toEqual([["BFF315", "error", "write ok(a)"]]);
  expect(shown("null == args.stock")).toEqual([["BFF315", "error", "write !ok(args.stock)"]]);
  expect(shown("ok(a) && a != null")).toEqual([["BFF315", "error", "write ok(a)"]]);
  expect(shown("(s.single_bool ? s : null) == null")).toEqual([]);
  expect(shown("cel.bind(x, s.single_bool ? s : null, x == null)")).toEqual([]);
  expect(shown("s.single_int64_wrapper == null")).toEqual([]);
});

it("positions with a possible null message are detected", () => {
  const fails = (text: string) => check(text, scope, registry).expression?.fails;
  expect(fails("(s.single_bool ? s : null) == null")).toBe(false);
  expect(fails("(s.single_bool ? s : null).single_int32")).toBe(true);
  expect(fails("[s, null].map(x, x.single_int32)")).toBe(true);
  expect(fails("(s.single_bool ? now : null) < now")).toBe(true);
  expect(fails("TestAllTypes{standalone_message: s.single_bool ? s.standalone_message : null}")).toBe(false);
  expect(fails("(s.single_bool ? s : s).single_int32")).toBe(false);
});

it("values without a JSON form are detected", () => {
  const fails = (text: string) => check(text, scope, registry).expression?.fails;
  expect(fails("TestAllTypes{single_value: [1, 2.5], single_struct: {'a': now}}")).toBe(false);
  expect(fails("TestAllTypes{single_struct: s.single_struct, single_value: s.single_value}")).toBe(false);
  expect(fails("TestAllTypes{single_value: s}")).toBe(true);
  expect(fails("TestAllTypes{single_struct: {'a': dyn(s)}}")).toBe(true);
});

it("constants are evaluated", () => {
  const constant = (text: string) => check(text, scope, registry).expression?.constant;
  expect([constant("5"), constant("'x'"), constant("true"), constant("null"), constant("1.5")]).toEqual([
    5n,
    "x",
    true,
    null,
    1.5,
  ]);
  expect(constant("1 + 1")).toBeUndefined();
});

it("a function as it is written comes before one of a namespace with the name of the package", () => {
  const isFound = (text: string, container: string) =>
    check(text, scopeOf([], container), registry).expression !== undefined;
  expect(isFound("size('a') == 1", "page.v1")).toBe(true);
  expect(isFound("math.least(1, 2) == 1", "math.v1")).toBe(true);
  expect(isFound("least(1, 2) == 1", "math")).toBe(true);
});

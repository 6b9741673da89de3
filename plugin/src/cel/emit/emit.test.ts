import { createFileRegistry, fromJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { type Code, type Expression, emitAs, emitPath, emitValue, fieldType, type Proto } from "../index.ts";
import { EMITTED_CASES } from "../testing/emitted-cases.ts";
import { INT32, INT64, namesFor, PACKAGE, registry, STRING, scope } from "../testing/fixtures.ts";
import { bareNames, check, printed, scopeOf, variable } from "../testing/harness.ts";
import { typeErrorsOf } from "../testing/type-errors.ts";

function checked(expression: string): Expression {
  const result = check(expression, scope, registry);
  expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return result.expression!;
}

function code(expression: string, as?: Proto): Code | undefined {
  const names = namesFor();
  const value = emitValue(checked(expression), names);
  return as === undefined ? value : emitAs(value, as, names);
}

for (const [group, table] of Object.entries(EMITTED_CASES)) {
  describe(group, () => {
    it.each(table.map((row) => [...row] as const))("%s", (expression, expected, as) => {
      expect(printed(code(expression, as)!.print)).toBe(expected);
    });
  });
}

describe("paths", () => {
  const path = (expression: string, as?: Proto): Code => {
    const names = namesFor();
    const value = emitPath(checked(expression), names);
    return as === undefined ? value : emitAs(value, as, names)!;
  };

  it.each([
    ["s.single_string", "s.singleString", false],
    ["a.single_string", "a?.singleString", true],
    ["a.standalone_message.bb", "a?.standaloneMessage?.bb", true],
    ["s.single_nested_message.bb", 'oneofValue(s.nestedType, "singleNestedMessage")?.bb', true],
    ["a.single_nested_message.bb", 'oneofValue(a?.nestedType, "singleNestedMessage")?.bb', true],
    ["args.stock", "args.stock", true],
    ["s.single_int32_wrapper", "s.singleInt32Wrapper", true],
    ["s.single_value", "s.singleValue", true],
  ])("%s", (expression, expected, mayBeUndefined) => {
    const { print, mayBeUndefined: maybe } = path(expression);
    expect([printed(print), maybe]).toEqual([expected, mayBeUndefined]);
  });

  it("an unset field of proto2 stays unset", () => {
    const desc = registry.getMessage("cel.expr.conformance.proto2.TestAllTypes")!;
    const old = variable("old", { kind: "message", desc }, { proto: { kind: "message", desc } });
    const expression = check("old.single_int32", scopeOf([old]), registry).expression!;
    expect(expression.mayBeUnset).toBe(true);
    expect(printed(emitValue(expression, bareNames()).print)).toBe("old.singleInt32");
    expect(printed(emitPath(expression, bareNames()).print)).toBe(
      'ifFieldSet(old, TestAllTypesSchema.field.singleInt32, "singleInt32")',
    );
  });

  it("a present value is converted, and an absent one stays unset", () => {
    const converted = path("a.single_int64", INT32);
    expect(printed(converted.print)).toBe("unlessUnset(a?.singleInt64, toInt32)");
    expect(converted).toMatchObject({ mayBeUndefined: true, fails: true });
  });

  it("a path reports whether a part may be unset", () => {
    expect(checked("s.single_int32")).toMatchObject({ path: true, mayBeUnset: false });
    expect(checked("s.standalone_message.bb")).toMatchObject({ path: true, mayBeUnset: true });
    expect(checked("s.map_string_string.x")).toMatchObject({ path: false, fails: true });
    expect(checked("s.single_int32 + 1")).toMatchObject({ path: false, fails: false, proto: undefined });
  });
});

describe("representations", () => {
  it("another type is refused", () => {
    expect(code("s.single_string", INT32)).toBeUndefined();
    expect(code("s.single_uint32", INT64)).toBeUndefined();
    expect(code("s.repeated_string", STRING)).toBeUndefined();
  });

  it("an enum is accepted as its int", () => {
    expect(code("s.standalone_enum", INT64)?.proto).toEqual(INT64);
    expect(code("s.standalone_enum", INT64)?.print[0]).toBe("BigInt");
  });

  it("range checks are marked as failing", () => {
    expect(checked("count").fails).toBe(false);
    expect(code("count", INT32)?.fails).toBe(true);
    expect(code("s.single_int32", INT64)?.fails).toBe(false);
  });
});

describe("64-bit integers that are strings in TypeScript (jstype = JS_STRING)", () => {
  const field = (name: string, number: number, type: string, more: object = {}) => ({
    name,
    number,
    type,
    jsonName: name,
    label: "LABEL_OPTIONAL",
    ...more,
  });
  const jstype = { options: { jstype: "JS_STRING" } };
  const fields = [
    field("id", 1, "TYPE_INT64", jstype),
    field("ids", 2, "TYPE_UINT64", { label: "LABEL_REPEATED", ...jstype }),
    field("n", 3, "TYPE_INT64"),
  ];
  const file = { name: "t.proto", package: "t", syntax: "proto3", messageType: [{ name: "T", field: fields }] };
  const known = createFileRegistry(fromJson(FileDescriptorSetSchema, { file: [file] }));
  const desc = known.getMessage("t.T")!;
  const t = variable("t", { kind: "message", desc }, { proto: { kind: "message", desc } });

  it.each([
    ["t.id + 1", "addInt(BigInt(t.id), 1n)"],
    ["t.id > t.n", "BigInt(t.id) > t.n"],
    ["t.ids[0] == 5u", "BigInt(at(t.ids, 0)) === 5n"],
    ["t.ids.exists(i, i > 3u)", "t.ids.some((i) => BigInt(i) > 3n)"],
    ["T{id: t.n, n: t.id, ids: [1u, 2u]}", 'create(TSchema, { id: String(t.n), n: BigInt(t.id), ids: ["1", "2"] })'],
    ["has(t.id)", 't.id !== "0"'],
    ["t.?id.orValue(3)", "nonZero(BigInt(t.id)) ?? 3n"],
    ["dyn(t.ids)", "t.ids.map((item) => uint(BigInt(item)))"],
  ])("%s", (text, expected) => {
    const { expression } = check(text, scopeOf([t], "t"), known);
    expect(printed(emitValue(expression!, bareNames()).print)).toBe(expected);
  });

  it("the integers are copied unchanged", () => {
    const { expression } = check("t.id", scopeOf([t], "t"), known);
    const to = (name: string) => fieldType(desc.fields.find((field) => field.name === name)!).proto;
    const as = (name: string) => printed(emitAs(emitPath(expression!, bareNames()), to(name), bareNames())!.print);
    expect([as("id"), as("n")]).toEqual(["t.id", "BigInt(t.id)"]);
  });
});

describe("error.detail", () => {
  const members = new Map([["code", variable("code", { kind: "int" })]]);
  const error = variable("error", { kind: "struct", members }, { role: "error" });

  it.each([
    ["error.detail(TestAllTypes).hasValue()", "error.detail(TestAllTypesSchema) !== undefined"],
    [
      "error.detail(TestAllTypes).single_string.orValue('?')",
      'nonZero(error.detail(TestAllTypesSchema)?.singleString) ?? "?"',
    ],
    [
      "error.detail(TestAllTypes).value().single_string",
      "optionalValue(error.detail(TestAllTypesSchema)).singleString",
    ],
  ])("%s", (text, expected) => {
    const { expression } = check(text, scopeOf([error], PACKAGE), registry);
    expect(printed(emitValue(expression!, bareNames()).print)).toBe(expected);
  });
});

it.each([
  ["list.map(a_b, list.map(aB, a_b == aB))", "list.map((aB) => list.map((aB_) => equal(aB, aB_)))"],
  [
    "list.all(a_b, aB, a_b > 1 && has(aB.standalone_message))",
    "list.every((aB_, aB) => aB > 1 && aB_.standaloneMessage !== undefined)",
  ],
  ["list.map(x, list.map(x, x.single_bool))", "list.map(() => list.map((x) => x.singleBool))"],
  [
    "[1].map(it, [[1, 2]][?0][?it].orValue(0))",
    "[1n].map((it) => unlessUnset(elementAt([[1n, 2n]], 0), (it_) => elementAt(it_, it)) ?? 0n)",
  ],
])("names of locals stay distinct: %s", (text, expected) => {
  const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const { registry: _, ...names } = { ...namesFor(), local: camel };
  expect(printed(emitValue(checked(text), names).print)).toBe(expected);
});

it("a strict TypeScript compiler accepts the code", { timeout: 60_000 }, () => {
  const all = Object.values(EMITTED_CASES).flat();
  expect(typeErrorsOf(all.map(([expression, , as]) => [checked(expression), as]))).toBe("");
});

/** Long chains: their kind, and their text. */
const CHAINS: readonly (readonly [what: string, text: string])[] = [
  ["a sum", Array(500).fill("s.single_int64").join(" + ")],
  ["a text", Array(500).fill("args.id").join(" + ")],
  ["a path", `dyn(s)${".x".repeat(490)}`],
  ["calls", `args.id${".trim()".repeat(490)}`],
  ["macros", `list${".filter(x, x.single_bool)".repeat(240)}`],
  [
    "names that are bound",
    `${Array.from({ length: 60 }, (_, i) => `cel.bind(v${i + 1}, ${i === 0 ? "count" : `v${i} + v${i}`}, `).join("")}v60${")".repeat(60)}`,
  ],
];

it.each(CHAINS)("%s may be very long", (_, text) => {
  expect(printed(emitValue(checked(text), namesFor()).print).length).toBeLessThan(60 * text.length);
});

it("the error of an unneeded binding is ignored", () => {
  expect(printed(code("cel.bind(x, 10 / s.single_int64, x > 1 || s.single_bool)")!.print)).toBe(
    "s.singleBool || divideInt(10n, s.singleInt64) > 1n",
  );
});

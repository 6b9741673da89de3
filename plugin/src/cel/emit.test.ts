import { describe, expect, it } from "vitest";
import { type Code, type Expression, emitAs, emitPath, emitValue, type Proto } from "./index.ts";
import * as cases from "./testing/emitted-cases.ts";
import { INT32, INT64, namesFor, registry, STRING, scope } from "./testing/fixtures.ts";
import { bareNames, check, printed, scopeOf, variable } from "./testing/harness.ts";
import { typeErrorsOf } from "./testing/type-errors.ts";

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

for (const [group, table] of Object.entries(cases)) {
  describe(group, () => {
    it.each(table.map((one) => [...one] as const))("%s", (expression, wanted, as) => {
      expect(printed(code(expression, as)!.print)).toBe(wanted);
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
  ])("%s", (expression, wanted, mayBeUndefined) => {
    const { print, mayBeUndefined: maybe } = path(expression);
    expect([printed(print), maybe]).toEqual([wanted, mayBeUndefined]);
  });

  it("leaves a field of proto2 unset that is", () => {
    const desc = registry.getMessage("cel.expr.conformance.proto2.TestAllTypes")!;
    const old = variable("old", { kind: "message", desc }, { proto: { kind: "message", desc } });
    const expression = check("old.single_int32", scopeOf([old]), registry).expression!;
    expect(expression.mayBeUnset).toBe(true);
    expect(printed(emitValue(expression, bareNames()).print)).toBe("old.singleInt32");
    expect(printed(emitPath(expression, bareNames()).print)).toBe(
      'ifFieldSet(old, TestAllTypesSchema.field.singleInt32, "singleInt32")',
    );
  });

  it("converts what is there and leaves the rest unset", () => {
    const converted = path("a.single_int64", INT32);
    expect(printed(converted.print)).toBe("unlessUnset(a?.singleInt64, toInt32)");
    expect(converted).toMatchObject({ mayBeUndefined: true, fails: true });
  });

  it("says whether anything on the way may be unset", () => {
    expect(checked("s.single_int32")).toMatchObject({ path: true, mayBeUnset: false });
    expect(checked("s.standalone_message.bb")).toMatchObject({ path: true, mayBeUnset: true });
    expect(checked("s.map_string_string.x")).toMatchObject({ path: false, fails: true });
    expect(checked("s.single_int32 + 1")).toMatchObject({ path: false, fails: false, proto: undefined });
  });
});

describe("representations", () => {
  it("refuses another type", () => {
    expect(code("s.single_string", INT32)).toBeUndefined();
    expect(code("s.single_uint32", INT64)).toBeUndefined();
    expect(code("s.standalone_enum", INT32)).toBeUndefined();
    expect(code("s.repeated_string", STRING)).toBeUndefined();
  });

  it("announces checks of range", () => {
    expect(checked("count").fails).toBe(false);
    expect(code("count", INT32)?.fails).toBe(true);
    expect(code("s.single_int32", INT64)?.fails).toBe(false);
  });
});

it("is accepted by a strict TypeScript compiler", { timeout: 60_000 }, () => {
  const all = Object.values(cases).flat();
  expect(typeErrorsOf(all.map(([expression, , as]) => [checked(expression), as]))).toBe("");
});

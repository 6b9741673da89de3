import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Code, type Expression, emitAs, emitPath, emitValue, type Proto } from "./index.ts";
import * as cases from "./testing/emitted-cases.ts";
import { INT32, INT64, namesFor, PARAMETERS, registry, STRING, scope } from "./testing/fixtures.ts";
import { bareNames, check, printed, scopeOf, variable } from "./testing/harness.ts";

function checked(expression: string): Expression {
  const result = check(expression, scope, registry);
  expect(result.diagnostics).toEqual([]);
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
  const used = new Set<string>();
  const names = namesFor(used);
  const all = Object.values(cases).flat();
  const bodies = all.map(([expression, , as], index) => {
    const value = checked(expression);
    const guards = value.unsafe.map((one) => `if (${printed(names.variable(one))} === undefined) return undefined;`);
    const emitted = emitValue(value, names);
    const print = printed((as === undefined ? emitted : emitAs(emitted, as, names)!).print);
    const type = as === undefined ? "" : `: ${typeScript(as)} | undefined`;
    return `export function f${index}(${PARAMETERS})${type} {\n  void [cx, s, a, b, list, count, args, env];\n  ${guards.join(" ")}\n  return ${print};\n}`;
  });
  const runtime = JSON.stringify(resolve("runtime/src/cel/index.ts"));
  const fromRuntime = [...used].filter((name) => name !== "create" && name !== "isFieldSet");
  const source = [
    'import { create } from "@bufbuild/protobuf";',
    'import { DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";',
    "import { type TestAllTypes, type TestAllTypes_NestedMessage, TestAllTypes_NestedEnum, TestAllTypes_NestedMessageSchema, TestAllTypesSchema }",
    '  from "@bufbuild/cel-spec/cel/expr/conformance/proto3/test_all_types_pb.js";',
    `import { ${fromRuntime.join(", ")} } from ${runtime};`,
    "export interface Context { now(): Timestamp; header(name: string): string }",
    ...bodies,
  ].join("\n");
  expect(typeErrors(source)).toBe("");
});

function typeScript(proto: Proto): string {
  switch (proto.kind) {
    case "list":
      return `${typeScript(proto.of)}[]`;
    case "map":
      return `{ [key: string]: ${typeScript(proto.of)} }`;
    case "message":
      return "TestAllTypes_NestedMessage";
    default:
      return proto === STRING ? "string" : proto === INT64 ? "bigint" : "number";
  }
}

/** What the compiler says about a module, under the options of the repository but for unused imports. */
function typeErrors(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), "cel-"));
  try {
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "emitted.mts"), source);
    const compilerOptions = { noUnusedLocals: false, types: ["node"] };
    const config = { extends: resolve("tsconfig.json"), compilerOptions, include: ["emitted.mts"], exclude: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    execFileSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", folder], { encoding: "utf8" });
    return "";
  } catch (error) {
    return error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

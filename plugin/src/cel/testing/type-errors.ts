import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Expression, emitAs, emitValue, type Proto } from "../index.ts";
import { INT64, namesFor, PARAMETERS, STRING } from "./fixtures.ts";
import { printed } from "./harness.ts";

/**
 * Returns the diagnostics of a strict TypeScript compiler for the code of expressions, each in a separate function. ""
 * if there are none.
 */
export function typeErrorsOf(all: readonly (readonly [expression: Expression, as?: Proto | undefined])[]): string {
  const used = new Set<string>();
  const names = namesFor(used);
  const bodies = all.map(([expression, as], index) => {
    const guards = expression.unsafe.map(
      (variable) => `if (${printed(names.variable(variable))} === undefined) return undefined;`,
    );
    const value = emitValue(expression, names);
    const code = as === undefined ? value : emitAs(value, as, names);
    if (code === undefined) throw new Error(`not representable: ${expression.text.value}`);
    const type = as === undefined ? "" : `: ${typeScript(as)} | undefined`;
    return `export function f${index}(${PARAMETERS})${type} {\n  void [cx, s, a, b, list, count, args, env];\n  ${guards.join(" ")}\n  return ${printed(code.print)};\n}`;
  });
  const runtime = JSON.stringify(resolve("plugin/src/cel/testing/functions.ts"));
  const fromRuntime = [...used].filter((name) => name !== "create");
  const source = [
    'import { create, createRegistry } from "@bufbuild/protobuf";',
    'import { DurationSchema, Int64ValueSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";',
    "import { type TestAllTypes, type TestAllTypes_NestedMessage, TestAllTypes_NestedEnum, TestAllTypes_NestedEnumSchema, TestAllTypes_NestedMessageSchema, TestAllTypesSchema }",
    '  from "@bufbuild/cel-spec/cel/expr/conformance/proto3/test_all_types_pb.js";',
    `import { ${fromRuntime.join(", ")} } from ${runtime};`,
    "export const MESSAGES = createRegistry(TestAllTypesSchema);",
    "export interface Context { now(): Timestamp; header(name: string): string; randomUuid(place: string): string; randomDouble(place: string): number }",
    ...bodies,
  ].join("\n");
  return typeErrors(source);
}

function typeScript(proto: Proto): string {
  switch (proto.kind) {
    case "list":
      return `${typeScript(proto.of)}[]`;
    case "map":
      return `{ [key: string]: ${typeScript(proto.of)} }`;
    case "message":
      return "TestAllTypes_NestedMessage";
    default:
      if (proto === STRING) return "string";
      return proto === INT64 ? "bigint" : "number";
  }
}

/** Returns the compiler's diagnostics for a module, under the options of the repository except for unused imports. */
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
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
    const lines = source.split("\n");
    // The code is added to each diagnostic, because the module is deleted.
    return output.replaceAll(/\((\d+),\d+\)(.*)/g, (place, line) => `${place} in ${lines[Number(line) - 1]}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

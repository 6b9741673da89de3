// For tests: runs the conformance tests of cel-spec through the compiler.

import type { Type } from "@bufbuild/cel-spec/cel/expr/checked_pb.js";
import { type Type_PrimitiveType, Type_WellKnownType } from "@bufbuild/cel-spec/cel/expr/checked_pb.js";
import type { SimpleTest } from "@bufbuild/cel-spec/cel/expr/conformance/test/simple_pb.js";
import type { Value } from "@bufbuild/cel-spec/cel/expr/value_pb.js";
import { getTestRegistry } from "@bufbuild/cel-spec/testdata/registry.js";
import { getConformanceSuite, type IncrementalTestSuite } from "@bufbuild/cel-spec/testdata/tests.js";
import type { Registry } from "@bufbuild/protobuf";
import * as protobuf from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import * as rt from "../../../../runtime/src/cel/index.ts";
import { type CelType, emitValue, messageType, type Variable } from "../index.ts";
import { check, LOOKED_UP, printed, scopeOf } from "./harness.ts";

export interface Outcome {
  readonly suite: string;
  readonly name: string;
  readonly expression: string;
  /** "unsupported": the checker says BFF307, or the test needs what the harness lacks. */
  readonly verdict: "passed" | "failed" | "unsupported";
  readonly why: string;
}

const registry: Registry = getTestRegistry();

export function runConformance(): Outcome[] {
  const outcomes: Outcome[] = [];
  const walk = (suite: IncrementalTestSuite, name: string) => {
    for (const inner of suite.suites) walk(inner, name === "" ? inner.name : name);
    for (const test of suite.tests)
      outcomes.push({ suite: name, name: test.name, expression: test.original.expr, ...run(test.original) });
  };
  for (const suite of getConformanceSuite().suites) walk(suite, suite.name);
  return outcomes;
}

function run(test: SimpleTest): Pick<Outcome, "verdict" | "why"> {
  const variables: Variable[] = [];
  for (const decl of test.typeEnv) {
    if (decl.declKind.case !== "ident" || decl.declKind.value.type === undefined)
      return { verdict: "unsupported", why: "declares a function" };
    const type = celType(decl.declKind.value.type);
    if (type === undefined) return { verdict: "unsupported", why: "declares a type" };
    variables.push({ name: decl.name, role: "var", type, proto: undefined, absent: false });
  }
  const values: Record<string, unknown> = {};
  for (const [name, bound] of Object.entries(test.bindings)) {
    if (bound.kind.case !== "value") return { verdict: "unsupported", why: "binds no value" };
    values[name] = fromValue(bound.kind.value);
  }
  const { expression, diagnostics } = check(test.expr, scopeOf(variables, test.container), registry);
  const failing = test.resultMatcher.case === "evalError" || test.resultMatcher.case === "anyEvalErrors";
  if (expression === undefined) {
    const [first] = diagnostics;
    if (failing && first?.code !== "BFF307") return { verdict: "passed", why: "refused by the checker" };
    const unsupported = first?.code === "BFF307" || /not supported/.test(first?.message ?? "");
    if (test.disableCheck) return { verdict: "unsupported", why: "is for evaluation without a checker" };
    return { verdict: unsupported ? "unsupported" : "failed", why: `${first?.code} ${first?.message}` };
  }
  if (test.resultMatcher.case === "typedResult" && test.resultMatcher.value.result === undefined)
    return { verdict: "passed", why: "" };
  const code = printed(emitValue(expression, LOOKED_UP).print);
  let result: unknown;
  try {
    const run = new Function("rt", "schemas", "enums", "vars", `return (${code});`);
    result = run({ ...protobuf, ...rt }, schemaOf, enumOf, values);
    // A plain int of 32 bits is a number.
    const type = expression.type.kind === "wrapper" ? expression.type.of.kind : expression.type.kind;
    if (typeof result === "number" && (type === "int" || type === "uint")) result = BigInt(result);
  } catch (error) {
    if (failing && error instanceof rt.ExpressionError) {
      return expression.fails
        ? { verdict: "passed", why: "" }
        : { verdict: "failed", why: `fails, unannounced: ${code}` };
    }
    return { verdict: "failed", why: `${code}: ${error}` };
  }
  if (failing) return { verdict: "failed", why: `no error: ${code}` };
  const wanted = test.resultMatcher.case === "value" ? fromValue(test.resultMatcher.value) : true;
  if (test.resultMatcher.case === "typedResult") {
    const value = test.resultMatcher.value.result;
    if (value === undefined) return { verdict: "passed", why: "" };
    return verdict(result, fromValue(value), code);
  }
  return verdict(result, wanted, code);
}

function verdict(result: unknown, wanted: unknown, code: string): Pick<Outcome, "verdict" | "why"> {
  const same =
    (Number.isNaN(wanted) && Number.isNaN(result)) || (typeof wanted === typeof result && rt.equal(result, wanted));
  return same
    ? { verdict: "passed", why: "" }
    : { verdict: "failed", why: `${code} gives ${show(result)}, not ${show(wanted)}` };
}

function show(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner) =>
      typeof inner === "bigint" ? `${inner}n` : inner instanceof Map ? [...inner] : inner,
    ) ?? "undefined"
  );
}

function schemaOf(name: string): unknown {
  return registry.getMessage(name);
}

function enumOf(name: string): Record<string, number> {
  return Object.fromEntries((registry.getEnum(name)?.values ?? []).map((value) => [value.localName, value.number]));
}

function fromValue(value: Value): unknown {
  const { kind } = value;
  switch (kind.case) {
    case "nullValue":
    case undefined:
      return null;
    case "enumValue":
      return BigInt(kind.value.value);
    case "objectValue": {
      const message = anyUnpack(kind.value, registry);
      if (message === undefined) return undefined;
      if (/^google.protobuf.(Struct|Value|ListValue)$/.test(message.$typeName)) {
        const schema = registry.getMessage(message.$typeName);
        return schema && protobuf.toJson(schema, message);
      }
      // A literal of a wrapper is its value.
      return "value" in message && /Value$/.test(message.$typeName) ? plain(message.value, message.$typeName) : message;
    }
    case "mapValue":
      return new Map(
        kind.value.entries.map(({ key, value: item }) => [key && fromValue(key), item && fromValue(item)]),
      );
    case "listValue":
      return kind.value.values.map(fromValue);
    case "typeValue":
      return kind.value;
    default:
      return kind.value;
  }
}

function plain(value: unknown, type: string): unknown {
  return /Int32/.test(type) ? BigInt(Number(value)) : value;
}

function celType(type: Type): CelType | undefined {
  const { typeKind } = type;
  switch (typeKind.case) {
    case "dyn":
      return { kind: "dyn" };
    case "null":
      return { kind: "null" };
    case "primitive":
      return primitive(typeKind.value);
    case "wrapper": {
      const of = primitive(typeKind.value);
      return of && { kind: "wrapper", of };
    }
    case "wellKnown": {
      const name = { [Type_WellKnownType.TIMESTAMP]: "Timestamp", [Type_WellKnownType.DURATION]: "Duration" }[
        typeKind.value as 2 | 3
      ];
      const desc = name === undefined ? undefined : registry.getMessage(`google.protobuf.${name}`);
      return desc === undefined ? { kind: "dyn" } : { kind: "message", desc };
    }
    case "listType": {
      const element = typeKind.value.elemType && celType(typeKind.value.elemType);
      return element && { kind: "list", element };
    }
    case "mapType": {
      const key = typeKind.value.keyType && celType(typeKind.value.keyType);
      const value = typeKind.value.valueType && celType(typeKind.value.valueType);
      return key && value && { kind: "map", key, value };
    }
    case "messageType": {
      const desc = registry.getMessage(typeKind.value);
      return desc && messageType(desc).type;
    }
    default:
      return undefined;
  }
}

function primitive(type: Type_PrimitiveType): CelType | undefined {
  const kinds = { 1: "bool", 2: "int", 3: "uint", 4: "double", 5: "string", 6: "bytes" } as const;
  const kind = type in kinds ? kinds[type as 1] : undefined;
  return kind && { kind };
}

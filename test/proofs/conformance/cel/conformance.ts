// Runs the suites of cel-spec: the checker's types and errors, and the values that compiled code gives.

import type { Registry } from "@bufbuild/protobuf";
import * as protobuf from "@bufbuild/protobuf";
import { checkParsed } from "../../../../plugin/src/cel/check/check.ts";
import { type Expression, emitValue } from "../../../../plugin/src/cel/index.ts";
import type { Span } from "../../../../plugin/src/cel/syntax/ast.ts";
import * as rt from "../../../../plugin/src/cel/testing/functions.ts";
import { asJavaScript, keyed, LOOKED_UP, printed, textOf } from "../../../../plugin/src/cel/testing/harness.ts";
import { LANGUAGE, type Language } from "../../../../plugin/src/cel/types/functions/language.ts";
import { type Case, checkingCases, conformanceCases } from "./cases.ts";
import {
  CHECKING_FUNCTIONS,
  CHECKING_VARIABLES,
  celType,
  checkingRegistry,
  type Declared,
  declared,
  registry,
} from "./environment.ts";
import { typeText } from "./type-text.ts";
import { asDeclared, asDynamic, fromValue, sameValue, show } from "./values.ts";

export interface Outcome {
  readonly suite: string;
  readonly name: string;
  readonly expression: string;
  /** The fault; undefined if the case passes. */
  readonly fault: string | undefined;
}

export interface Conformance {
  readonly values: readonly Outcome[];
  readonly types: readonly Outcome[];
  readonly errors: readonly Outcome[];
}

/** cel-go as it runs the conformance cases. */
const CONFORMANCE: Language = {
  ...LANGUAGE,
  openEnums: true,
  blocks: true,
  extensions: true,
  soundLiterals: false,
};
/** cel-go's own checker tests, which use its defaults. */
const CHECKING: Language = {
  ...LANGUAGE,
  optionals: false,
  mixedNumbers: false,
  openEnums: true,
  soundLiterals: false,
};

export function runConformance(): Conformance {
  const conformance = conformanceCases();
  const checking = checkingCases();
  const typed = ({ test }: Case) => test.type !== undefined;
  return {
    values: conformance.map((testCase) => outcome(testCase, () => valueFault(testCase))),
    types: [
      ...conformance.filter(typed).map((testCase) => outcome(testCase, () => typeFault(testCase, conformanceCheck))),
      ...checking.filter(typed).map((testCase) => outcome(testCase, () => typeFault(testCase, checkingCheck))),
    ],
    errors: checking
      .filter((testCase) => !typed(testCase))
      .map((testCase) => outcome(testCase, () => errorFault(testCase))),
  };
}

function outcome({ suite, name, test }: Case, run: () => string | undefined): Outcome {
  let fault: string | undefined;
  try {
    fault = run();
  } catch (error) {
    fault = `the compiler throws ${error instanceof Error ? (error.stack ?? error) : error}`;
  }
  return { suite, name, expression: test.original.expr, fault };
}

export interface Checked {
  readonly expression: Expression | undefined;
  readonly faults: readonly { readonly at: Span; readonly text: string }[];
}

function check(text: string, { scope, functions }: Declared, messages: Registry, language: Language): Checked {
  const faults: { at: Span; text: string }[] = [];
  const expression = checkParsed(
    textOf(text),
    scope,
    messages,
    { ...language, functions },
    (code, at, message, _, kind) => {
      if (kind?.severity !== "warning") faults.push({ at, text: `${code} ${message}` });
      return undefined;
    },
  );
  return { expression, faults };
}

export function conformanceCheck({ test }: Case, language = CONFORMANCE): Checked {
  return check(
    test.original.expr,
    declared(test.original.typeEnv, test.original.container, registry),
    registry,
    language,
  );
}

export function checkingCheck({ test }: Case): Checked {
  const { scope, functions } = declared(
    test.original.typeEnv,
    test.original.container,
    checkingRegistry,
    CHECKING_VARIABLES,
  );
  const all = { scope, functions: [...functions, ...CHECKING_FUNCTIONS] };
  return check(test.original.expr, all, checkingRegistry, CHECKING);
}

function typeFault(testCase: Case, run: (testCase: Case) => Checked): string | undefined {
  const { expression, faults } = run(testCase);
  const expected = expectedType(testCase);
  if (expression === undefined) return `wanted ${expected}, and it is refused: ${faults[0]?.text}`;
  const type = typeText(expression.type);
  return type === expected ? undefined : `wanted ${expected}, and it is ${type}`;
}

/** The type that cel-go deduces; where cel-spec states one that is right (five cases of wrappers and null are not alike). */
function expectedType({ test }: Case): string | undefined {
  const matcher = test.original.resultMatcher;
  const stated = matcher.case === "typedResult" ? matcher.value.deducedType : undefined;
  return stated === undefined ? test.type : typeText(celType(stated, registry));
}

/** The places are those of cel-go: an operator, a dot, a bracket. */
function errorFault(testCase: Case): string | undefined {
  const expected = [...(testCase.test.error ?? "").matchAll(/^ERROR: [^:]*:(\d+:\d+): /gm)].map(
    ([, place = ""]) => place,
  );
  const { expression, faults } = checkingCheck(testCase);
  if (expression !== undefined) return `wanted an error at ${expected.join(" and ")}, and it is accepted`;
  const places = faults.map(({ at }) => {
    const before = testCase.test.original.expr.slice(0, at.anchor ?? at.start).split("\n");
    return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  });
  const same = expected.toSorted().join() === places.toSorted().join();
  return same ? undefined : `wanted an error at ${expected.join(" and ")}, and it is at ${places.join(" and ")}`;
}

function valueFault(testCase: Case): string | undefined {
  const { original } = testCase.test;
  const matcher = original.resultMatcher;
  const fails = matcher.case === "evalError" || matcher.case === "anyEvalErrors";
  const strongEnums = testCase.name.startsWith("enums/strong_");
  const { expression, faults } = conformanceCheck(testCase, {
    ...CONFORMANCE,
    strongEnums,
    checked: !original.disableCheck,
  });
  // An expression that the compiler refuses never fails at run time.
  if (expression === undefined) return fails ? undefined : `refused: ${faults[0]?.text}`;
  // An expected type is part of an expected value.
  if (matcher.case === "typedResult" && typeText(expression.type) !== expectedType(testCase)) {
    return `wanted type ${expectedType(testCase)}, and it is ${typeText(expression.type)}`;
  }
  if (original.checkOnly) return undefined;
  const values: Record<string, unknown> = {};
  const { scope: types } = declared(original.typeEnv, original.container, registry);
  for (const [name, { kind }] of Object.entries(original.bindings)) {
    if (kind.case === "value") values[name] = asDeclared(fromValue(kind.value), types.lookup(name)?.type);
  }
  const code = printed(emitValue(expression, LOOKED_UP).print);
  let result: unknown;
  try {
    const run = new Function("rt", "schemas", "enums", "vars", `return ${asJavaScript(code)};`);
    result = run({ ...protobuf, ...rt }, schemaOf, keyed(enumOf), known(values));
    result = asDynamic(result, expression.type);
  } catch (error) {
    if (!(error instanceof rt.ExpressionError)) return `${code}: ${error}`;
    if (!fails) return `${code}: ${error}`;
    return expression.fails ? undefined : `fails, unannounced: ${code}`;
  }
  if (fails) return `wanted an error, and ${code} gives ${show(result)}`;
  const value =
    matcher.case === "typedResult" ? matcher.value.result : matcher.case === "value" ? matcher.value : undefined;
  const expected = value === undefined ? true : fromValue(value);
  return sameValue(result, expected) ? undefined : `wanted ${show(expected)}, and ${code} gives ${show(result)}`;
}

/** Reading a variable that has no value is an error. */
function known(values: Record<string, unknown>): Record<string, unknown> {
  return new Proxy(values, {
    get: (all, name) => {
      if (typeof name === "string" && Object.hasOwn(all, name)) return all[name];
      throw new rt.ExpressionError(`no such attribute: ${String(name)}`);
    },
  });
}

function schemaOf(name: string): unknown {
  return registry.getMessage(name) ?? registry.getExtension(name);
}

function enumOf(name: string): Record<string, number> {
  return Object.fromEntries((registry.getEnum(name)?.values ?? []).map((value) => [value.localName, value.number]));
}

// What the interpreter of faults makes of an expression, wherever it says anything, is what others make of it.

import { inspect } from "node:util";
import { isMessage } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compiled, FAILED, interpreted, MISTAKEN, plain } from "../../../plugin/src/cel/testing/both-ways.ts";
import { EMITTED_CASES } from "../../../plugin/src/cel/testing/emitted-cases.ts";
import { MESSAGE, registry, scope } from "../../../plugin/src/cel/testing/fixtures.ts";
import { check } from "../../../plugin/src/cel/testing/harness.ts";
import { randomExpression } from "../../../plugin/src/cel/testing/random-expression.ts";
import { evaluate, type Sees } from "../../../plugin/src/faults/expressions/evaluate.ts";
import { timeOf } from "../../../plugin/src/faults/expressions/library.ts";
import {
  EvaluationError,
  fromReport,
  isListValue,
  MapValue,
  MayFail,
  MessageValue,
  OptionalValue,
  UNKNOWN,
  type Value,
} from "../../../plugin/src/faults/values/values.ts";
import { expressionReport } from "../../../plugin/src/report/faults/describe-expression.ts";
import { messageReport } from "../../../plugin/src/report/faults/value-report.ts";
import { Uint } from "../../../runtime/src/expressions/index.ts";
import { sample } from "../../../runtime/src/samples/sample.ts";

const s = sample(MESSAGE.desc);
const report = fromReport(messageReport(reflect(MESSAGE.desc, s)));
const VALUES: Readonly<Record<string, Value>> = { s: report, list: [report], count: 3n };
const sees: Sees = {
  strict: false,
  userFunction: () => UNKNOWN,
  value: (name) => VALUES[name] ?? UNKNOWN,
  ok: (name) => name in VALUES,
  set: () => true,
  failure: () => undefined,
};

/** What is not known: then nothing is said. */
const OPEN = Symbol("open");
type PlainValue = boolean | string | bigint | number | null | typeof FAILED | typeof OPEN | readonly PlainValue[];

function ours(expression: string): PlainValue | undefined {
  const checked = check(expression, scope, registry).expression;
  if (checked === undefined) return undefined;
  try {
    return plainOf(evaluate(expressionReport(checked).tree, sees));
  } catch (error) {
    if (error instanceof EvaluationError) return FAILED;
    if (error instanceof MayFail) return OPEN;
    throw error;
  }
}
function plainOf(value: Value): PlainValue {
  if (value === UNKNOWN || value instanceof MapValue || value instanceof OptionalValue) return OPEN;
  if (value instanceof MessageValue) {
    const time = timeOf(value);
    return time === undefined ? OPEN : time.seconds * 1_000_000_000n + BigInt(time.nanos);
  }
  if (isListValue(value)) return value.map(plainOf);
  return value as PlainValue;
}
/** The same of what another gives. */
function theirs(value: unknown): PlainValue {
  if (value instanceof Uint) return value.value;
  if (Array.isArray(value)) return value.map(theirs);
  if (value === FAILED || value === null || ["boolean", "string", "bigint", "number"].includes(typeof value))
    return value as PlainValue;
  if (isMessage(value) && "seconds" in value && "nanos" in value)
    return BigInt(value.seconds as bigint) * 1_000_000_000n + BigInt(value.nanos as number);
  return OPEN;
}
function alike(a: PlainValue, b: PlainValue): boolean {
  if (a === OPEN || b === OPEN) return true;
  // What is not known may be an error.
  if (b === FAILED && Array.isArray(a)) return a.some((item) => alike(item, FAILED));
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => alike(item, b[i] ?? OPEN));
  // Small ones are numbers in compiled code.
  if (typeof a === "bigint" && typeof b === "number") return Number(a) === b;
  return Object.is(a, b) || (a === 0 && b === 0);
}

/** What compiled code gives; OPEN: it reads what is not there. */
function byCode(expression: string): unknown {
  try {
    return plain(compiled(expression, VARIABLES)?.value);
  } catch {
    return OPEN;
  }
}
const VARIABLES = { s, list: [s], count: 3n };
const SILENT = { isComparable: false, wrong: undefined };

/** What differs, and whether anything was said. */
function compared(
  expression: string,
  other: (expression: string) => unknown,
): { readonly isComparable: boolean; readonly wrong: string | undefined } {
  const a = ours(expression);
  if (a === undefined || a === OPEN) return SILENT;
  const result = other(expression);
  if (result === MISTAKEN || result === OPEN) return SILENT;
  const b = theirs(result);
  const wrong = alike(a, b) ? undefined : `${expression}: ${inspect(a)}, not ${inspect(b)}`;
  return { isComparable: b !== OPEN, wrong };
}

test("the interpreter and compiled code agree on the expressions of the language's tests", () => {
  const all = Object.values(EMITTED_CASES).flatMap((cases) => cases.map(([expression]) => expression));
  const found = [...new Set(all)].map((expression) => compared(expression, byCode));
  expect(found.flatMap(({ wrong }) => wrong ?? []).join("\n")).toBe("");
  console.log(`${found.filter(({ isComparable }) => isComparable).length} of ${found.length} told`);
});

test("the interpreter and @bufbuild/cel agree on random expressions", { timeout: 60_000 }, () => {
  let [comparable, all] = [0, 0];
  const property = fc.property(fc.gen(), (g) => {
    const comparison = compared(randomExpression(g, 4), (comparison) => interpreted(comparison, VARIABLES));
    all++;
    if (comparison.isComparable) comparable++;
    expect(comparison.wrong).toBe(undefined);
  });
  fc.assert(property, { numRuns: 1_000 });
  console.log(`${comparable} of ${all} told`);
  expect(comparable).toBeGreaterThan(300);
});

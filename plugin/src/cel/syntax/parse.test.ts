import { parse } from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import {
  getConformanceSuite,
  getParsingSuite,
  type IncrementalTest,
  type IncrementalTestSuite,
} from "@bufbuild/cel-spec/testdata/tests.js";
import { KindAdorner, toDebugString } from "@bufbuild/cel-spec/testdata/to-debug-string.js";
import { describe, expect, it } from "vitest";
import { toExpr } from "../testing/to-expr.ts";
import { type Ast, partsOf } from "./ast.ts";
import { parseExpression } from "./parse.ts";

function testsOf(suite: IncrementalTestSuite): IncrementalTest[] {
  return [...suite.tests, ...suite.suites.flatMap(testsOf)];
}

const expressions = [...new Set(testsOf(getConformanceSuite()).map((test) => test.original.expr))];

/** The operands of a chain of `&&` or `||`, however it is grouped. */
function chain(ast: Ast, fn: string): readonly Ast[] {
  return ast.kind === "call" && ast.fn === fn ? ast.args.flatMap((arg) => chain(arg, fn)) : [ast];
}

/** The tree without places. */
function shape(ast: Ast): unknown {
  if (ast.kind === "call" && /&&|\|\|/.test(ast.fn)) return [ast.fn, chain(ast, ast.fn).map(shape)];
  const label = JSON.stringify(ast, (key, value) =>
    ["start", "end", "anchor", "at", "name", "of", "target", "args", "elements", "entries", "fields"].includes(key) &&
    typeof value !== "string"
      ? undefined
      : typeof value === "bigint"
        ? `${value}n`
        : value,
  );
  return [label, partsOf(ast).map(shape)];
}

it("every conformance expression is parsed", () => {
  expect(expressions.filter((text) => "faults" in parseExpression(text))).toEqual([]);
});

it("the range of every part is exact: its text parses to the same part", () => {
  let parts = 0;
  for (const text of expressions) {
    const parsed = parseExpression(text);
    if ("faults" in parsed) throw new Error(text);
    const visit = (ast: Ast) => {
      parts++;
      const cut = text.slice(ast.start, ast.end);
      const alone = parseExpression(cut);
      // Names of macro variables and of messages are not parts; what begins with a keyword's call is.
      if ("faults" in alone) expect.fail(`${JSON.stringify(cut)} in ${text}`);
      expect(shape(alone.ast), `${cut} in ${text}`).toEqual(shape(ast));
      for (const part of partsOf(ast)) visit(part);
    };
    visit(parsed.ast);
  }
  expect(parts).toBeGreaterThan(10_000);
});

/** Literals apart, whose kinds @bufbuild/cel and we write alike. */
function debug(expr: Expr | undefined): string {
  return expr === undefined ? "" : toDebugString(expr, KindAdorner.singleton);
}

it("the parser agrees with @bufbuild/cel", () => {
  let compared = 0;
  for (const text of expressions) {
    let theirs: Expr | undefined;
    try {
      theirs = parse(text).expr;
    } catch {
      continue;
    }
    const ours = parseExpression(text);
    if ("faults" in ours) throw new Error(text);
    // Its macros are expanded.
    if (debug(theirs).includes("__comprehension__")) continue;
    expect(debug(toExpr(ours.ast)), text).toBe(debug(theirs));
    compared++;
  }
  expect(compared).toBeGreaterThan(1500);
});

describe("cel-go's parser", () => {
  const all = testsOf(getParsingSuite());
  // Tests that a setting of cel-go's, or a macro of a test, decides are left out. Macros stay as written here.
  const plain = all.filter((test) => test.ast !== undefined && !test.ast.includes("__comprehension__"));

  it.each(plain.map((test) => [test.original.expr, test.ast ?? ""]))("%j is parsed as by cel-go", (text, ast) => {
    const parsed = parseExpression(text);
    if ("faults" in parsed) throw new Error(parsed.faults[0]?.message);
    expect(debug(toExpr(parsed.ast))).toBe(ast);
  });

  // The checker checks arguments of macros. Our limit of nesting is cel-go's own, not that of its tests.
  const OURS = /macro|argument|accumulator|recursion|unsupported syntax|overwrites/;
  const wrong = all.filter((test) => test.ast === undefined && !OURS.test(test.error ?? ""));

  it.each(wrong.map((test) => [test.original.expr]))("%j is refused as by cel-go", (text) => {
    expect(parseExpression(text)).toHaveProperty("faults");
  });
});

describe("limits", () => {
  it.each([
    ["brackets", `${"[".repeat(300)}${"]".repeat(300)}`],
    ["parentheses", `${"(".repeat(300)}1${")".repeat(300)}`],
    ["sums", Array(502).fill("1").join("+")],
    ["fields", `a${".b".repeat(501)}`],
    ["both", `${"(".repeat(240)}1${"+1)".repeat(240)}${"+1".repeat(300)}`],
    ["conditions", `${"a ? b : ".repeat(300)}c`],
  ])("%s beyond the maximum depth are refused", (_, text) => {
    const parsed = parseExpression(text);
    expect("faults" in parsed && parsed.faults[0]?.message).toBe("the expression is nested too deeply");
  });

  it("long, shallow chains are accepted", () => {
    expect(parseExpression(Array(501).fill("1").join("+"))).toHaveProperty("ast");
    expect(parseExpression(`a${".b".repeat(500)}`)).toHaveProperty("ast");
  });

  it("long chains of conditions are accepted", () => {
    expect(parseExpression(Array(5000).fill("a").join(" && "))).toHaveProperty("ast");
    expect(parseExpression(`${"!".repeat(5001)}a`)).toHaveProperty("ast");
  });
});

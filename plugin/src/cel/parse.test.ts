import { getConformanceSuite, type IncrementalTestSuite } from "@bufbuild/cel-spec/testdata/tests.js";
import { expect, it } from "vitest";
import type { Ast } from "./ast.ts";
import { parseExpression } from "./parse.ts";

function expressions(suite: IncrementalTestSuite): string[] {
  return [...suite.tests.map((test) => test.original.expr), ...suite.suites.flatMap(expressions)];
}

function children(ast: Ast): readonly Ast[] {
  switch (ast.kind) {
    case "select":
      return [ast.of];
    case "call":
      return ast.target === undefined ? ast.args : [ast.target, ...ast.args];
    case "list":
      return ast.elements;
    case "map":
      return ast.entries.flat();
    case "message":
      return ast.fields.map((field) => field.value);
    default:
      return [];
  }
}

/** The operands of a chain of `&&` or `||`, however it is grouped. */
function chain(ast: Ast, fn: string): readonly Ast[] {
  return ast.kind === "call" && ast.fn === fn ? ast.args.flatMap((arg) => chain(arg, fn)) : [ast];
}

/** The tree without places. */
function shape(ast: Ast): unknown {
  if (ast.kind === "call" && /&&|\|\|/.test(ast.fn)) return [ast.fn, chain(ast, ast.fn).map(shape)];
  const { start, end, ...rest } = ast;
  const own = JSON.stringify(rest, (key, value) =>
    ["start", "end", "at", "name", "of", "target", "args", "elements", "entries", "fields"].includes(key) &&
    typeof value === "object"
      ? undefined
      : typeof value === "bigint"
        ? `${value}n`
        : value,
  );
  return [own, children(ast).map(shape)];
}

it("knows the place of every part: cut out, it parses to itself", () => {
  let parts = 0;
  for (const text of new Set(expressions(getConformanceSuite()))) {
    const parsed = parseExpression(text);
    if ("fault" in parsed) continue;
    const visit = (ast: Ast) => {
      parts++;
      const cut = text.slice(ast.start, ast.end);
      // Operands keep parentheses of their own out, so their brackets may not balance when they begin or end with some.
      const alone = parseExpression(cut);
      if ("ast" in alone) expect(shape(alone.ast), `${cut} in ${text}`).toEqual(shape(ast));
      else if (!/[()]/.test(cut)) expect.fail(`${JSON.stringify(cut)} in ${text}`);
      for (const child of children(ast)) visit(child);
    };
    visit(parsed.ast);
  }
  expect(parts).toBeGreaterThan(10_000);
});

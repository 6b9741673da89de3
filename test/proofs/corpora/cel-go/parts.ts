// Which part of an expression it is that two implementations do not agree about.
import type { Ast } from "../../../../plugin/src/cel/syntax/ast.ts";
import { partsOf } from "../../../../plugin/src/cel/syntax/ast.ts";
import { parseExpression } from "../../../../plugin/src/cel/syntax/parse.ts";

/** Returns the parts of an expression as separate texts, the smallest first, without the whole. */
export function partsOfText(text: string): readonly string[] {
  const parsed = parseExpression(text);
  if ("faults" in parsed) return [];
  const parts = new Set<string>();
  const walk = (ast: Ast) => {
    parts.add(text.slice(ast.start, ast.end));
    for (const part of partsOf(ast)) walk(part);
  };
  walk(parsed.ast);
  parts.delete(text);
  return [...parts].sort((a, b) => a.length - b.length);
}

// Builds expressions as trees: the expansions of macros.
import type { Constant, Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";

export function call(at: Expr, name: string, args: Expr[]): Expr {
  return { ...at, exprKind: { case: "callExpr", value: { $typeName: "cel.expr.Expr.Call", function: name, args } } };
}
export function ident(at: Expr, name: string): Expr {
  return { ...at, exprKind: { case: "identExpr", value: { $typeName: "cel.expr.Expr.Ident", name } } };
}
export function text(at: Expr, value: string): Expr {
  const constantKind = { case: "stringValue" as const, value };
  return { ...at, exprKind: { case: "constExpr", value: { $typeName: "cel.expr.Constant", constantKind } } };
}
export function constant(at: Expr, constantKind: Constant["constantKind"]): Expr {
  return { ...at, exprKind: { case: "constExpr", value: { $typeName: "cel.expr.Constant", constantKind } } };
}
export function list(at: Expr, elements: Expr[]): Expr {
  const value = { $typeName: "cel.expr.Expr.CreateList" as const, elements, optionalIndices: [] };
  return { ...at, exprKind: { case: "listExpr", value } };
}
export function comprehension(
  at: Expr,
  iterRange: Expr,
  iterVar: string,
  accuVar: string,
  accuInit: Expr,
  loopStep: Expr,
  result: Expr,
): Expr {
  const parts = {
    iterRange,
    iterVar,
    iterVar2: "",
    accuVar,
    accuInit,
    loopCondition: constant(at, { case: "boolValue", value: true }),
    loopStep,
    result,
  };
  return {
    ...at,
    exprKind: { case: "comprehensionExpr", value: { $typeName: "cel.expr.Expr.Comprehension", ...parts } },
  };
}
/** `cel.bind(name, value, body)` */
export function bind(at: Expr, name: string, value: Expr, body: Expr): Expr {
  return comprehension(at, list(at, []), "@unused", name, value, ident(at, name), body);
}

// Optional selection from a step or an argument (language.md, "When a value is missing").
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { allIn, pathOf, withChildren } from "./cel/expression.ts";
import { parseAll } from "./cel/macros.ts";

/** Names that are no steps, arguments or variables of an `each`. */
const ALWAYS: ReadonlySet<string> = new Set([
  "headers",
  "env",
  "now",
  "peer",
  "source",
  "error",
  "claims",
  "credential",
  "resume",
]);

/** Replaces `x.?f` by `ok(x) ? x.?f : optional.none()` if x is a step or an argument. */
export function withOpenNames(root: Expr): Expr {
  const bound = new Set(
    allIn(root).flatMap(({ exprKind: { case: kind, value } }) =>
      kind === "comprehensionExpr" ? [value.iterVar, value.iterVar2, value.accuVar] : [],
    ),
  );
  const change = (expr: Expr): Expr => {
    const changed = withChildren(expr, change);
    const { case: kind, value } = changed.exprKind;
    const [of] = kind === "callExpr" && value.function === "@optionalField" ? value.args : [];
    const [first, ...rest] = (of && pathOf(of)) ?? [];
    if (of === undefined || first === undefined || bound.has(first) || ALWAYS.has(first)) return changed;
    if (rest.length !== (first === "args" ? 1 : 0)) return changed;
    const parts = [of, changed];
    // `a` is the operand, `b` the selection.
    return withChildren(parseAll("ok(a) ? b : optional.none()"), (child) => filled(child, parts));
  };
  return change(root);
}

function filled(expr: Expr, [name, selection]: readonly Expr[]): Expr {
  const path = pathOf(expr)?.join();
  if (path === "a") return name ?? expr;
  if (path === "b") return selection ?? expr;
  return withChildren(expr, (child) =>
    filled(
      child,
      [name, selection].flatMap((part) => part ?? []),
    ),
  );
}

// TypeScript takes a literal for a type of its own: it would refuse to compare a constant that was given `"a"` with anything else.
import type { Node } from "./expression.ts";
import type { Variable } from "./type.ts";

export type Literal = Extract<Node, { readonly kind: "constant" | "enum" }>;

/** The literals that an expression may have as its value. */
export function literalsOf(node: Node, bound: ReadonlyMap<Variable, Node> = new Map()): readonly Literal[] {
  if (node.kind === "constant" || node.kind === "enum") return [node];
  if (node.kind === "name") {
    const value = bound.get(node.variable);
    return value === undefined ? [] : literalsOf(value, bound);
  }
  if (node.kind === "call" && node.overload === "conditional")
    return node.args.slice(1).flatMap((arm) => literalsOf(arm, bound));
  if (node.kind !== "macro" || node.macro !== "bind") return [];
  const [[variable], [body]] = [node.vars, node.args];
  if (variable === undefined || body === undefined) return [];
  return literalsOf(body, new Map(bound).set(variable, node.range));
}

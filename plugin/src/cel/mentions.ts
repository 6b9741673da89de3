import { childrenOf } from "./children.ts";
import type { Node } from "./expression.ts";
import { staticType } from "./same-value.ts";
import type { Variable } from "./type.ts";

/** How often a variable is named in an expression, in what is printed of it. */
export function mentions(node: Node | undefined, variable: Variable): number {
  if (node === undefined || isFolded(node)) return 0;
  if (node.kind === "name" || node.kind === "ok") return node.variable === variable ? 1 : 0;
  return partsOf(node).reduce((count, part) => count + mentions(part, variable), 0);
}

/** What is known beforehand, so that nothing of it is printed but the result. */
function isFolded(node: Node): boolean {
  if (node.kind !== "call") return false;
  const [first] = node.args;
  const given = first?.kind === "call" && first.overload === "optional_of" && !first.fails;
  return staticType(node) !== undefined || (node.overload === "optional_has_value" && given);
}

/** Whether any of the nodes stands inside a macro, where it is evaluated more than once. */
export function mentionsInMacro(node: Node, variable: Variable): boolean {
  if (node.kind === "macro")
    return node.args.some((arg) => mentions(arg, variable) > 0) || mentionsInMacro(node.range, variable);
  return partsOf(node).some((part) => mentionsInMacro(part, variable));
}

/** The nodes right below a node that are printed. */
export function partsOf(node: Node): readonly Node[] {
  if (node.kind === "macro" && node.macro === "bind") {
    // What `cel.bind` binds for nothing is not printed.
    const [variable] = node.vars;
    if (variable !== undefined && mentions(node.args[0], variable) === 0) return node.args;
  }
  return childrenOf(node);
}

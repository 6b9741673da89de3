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

/** The nodes right below a node, all of them. */
export function partsOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "select":
    case "extension":
      return [node.of];
    case "call":
      return node.args;
    case "list":
      return node.elements;
    case "map":
      return [...node.entries.map(([key]) => key), ...node.entries.map(([, value]) => value)];
    case "message":
      return node.fields.map(({ value }) => value);
    case "macro": {
      // What `cel.bind` binds for nothing is not printed.
      const [variable] = node.vars;
      const unused = node.macro === "bind" && variable !== undefined && mentions(node.args[0], variable) === 0;
      return unused ? node.args : [node.range, ...node.args];
    }
    default:
      return [];
  }
}

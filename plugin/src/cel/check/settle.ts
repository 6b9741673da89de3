import type { Node } from "../types/expression.ts";
import { fit } from "../types/fit.ts";
import type { CelType, Variable } from "../types/type.ts";
import type { Checker } from "./checker.ts";

/**
 * The tree with all types known: a type variable is what it was found to be, or dyn
 * (only in the type of an empty literal or of nothing it stays open, since that goes anywhere); and operands that are dyn or wrappers where a type is
 * wanted are made that type. Long, for it is a table of the kinds of nodes.
 *
 * @param unsafe what is read without being asked for: where it is absent nothing is evaluated
 */
export function settle(root: Node, checker: Checker, unsafe: ReadonlySet<Variable>): Node {
  const variables = new Map<Variable, Variable>();
  /** What `cel.bind` has bound to what can fail: its error comes out wherever it is first read. */
  const failing = new Set<Variable>();
  const known = (type: CelType): CelType => {
    const found = checker.types.resolve(type);
    return found.kind === "param" ? { kind: "dyn" } : found;
  };
  const settled = (variable: Variable): Variable => {
    if (variable.role !== "local") return variable;
    const own = variables.get(variable) ?? { ...variable, type: known(variable.type) };
    variables.set(variable, own);
    return own;
  };
  const operand = (node: Node, wanted: CelType | undefined): Node =>
    wanted === undefined ? visit(node) : fit(visit(node), known(wanted));
  const visit = (node: Node): Node => {
    const type = known(node.type);
    const wanted = checker.wanted.get(node) ?? [];
    switch (node.kind) {
      case "name":
        return { ...node, type, variable: settled(node.variable), fails: node.fails || failing.has(node.variable) };
      case "select":
      case "extension": {
        const of = visit(node.of);
        return { ...node, type, of, fails: node.fails || of.fails };
      }
      case "call": {
        const args = node.args.map((arg, index) => operand(arg, wanted[index]));
        return { ...node, type, args, fails: node.fails || anyFails(args) };
      }
      case "list": {
        const elements = node.elements.map((element, index) => operand(element, wanted[index]));
        return { ...node, type, elements, fails: node.fails || anyFails(elements) };
      }
      case "map": {
        const entries = node.entries.map(([key, value, optional], index) => {
          const own = [operand(key, wanted[2 * index]), operand(value, wanted[2 * index + 1])] as const;
          return optional ? ([...own, true] as const) : own;
        });
        return {
          ...node,
          type,
          entries,
          fails: node.fails || entries.some(([key, value]) => key.fails || value.fails),
        };
      }
      case "message": {
        const fields = node.fields.map((field, index) => ({ ...field, value: operand(field.value, wanted[index]) }));
        return { ...node, type, fields, fails: node.fails || fields.some(({ value }) => value.fails) };
      }
      case "macro": {
        const range = visit(node.range);
        if (node.macro === "bind" && range.fails) for (const variable of node.vars) failing.add(variable);
        const vars = node.vars.map(settled);
        const args = node.args.map((arg, index) => operand(arg, wanted[index]));
        return { ...node, type, range, vars, args, fails: node.fails || range.fails || anyFails(args) };
      }
      case "typename":
        return { ...node, type, named: known(node.named) };
      case "ok":
        return node.known === undefined && unsafe.has(node.variable)
          ? { ...node, type, known: true }
          : { ...node, type };
      default:
        return { ...node, type };
    }
  };
  return visit(root);
}

function anyFails(nodes: readonly Node[]): boolean {
  return nodes.some((node) => node.fails);
}

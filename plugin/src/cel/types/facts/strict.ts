import { presenceOf } from "../model/field-type.ts";
import type { Expression, Node } from "../model/type.ts";

/**
 * Returns the same expression with strict evaluation, for decisions about access:
 * - `&&`, `||` and `?:` evaluate from left to right, and `all` and `exists` visit their items in order. A deciding
 *   operand ends the evaluation, and an error before it fails the expression. CEL would absorb the error if a later
 *   operand decides (spec, "Logical Operators").
 * - An unset field has no default: reading it is an error, unless by `has` or `.?`. Otherwise two unknown parties would
 *   be equal.
 */
export function strict(expression: Expression): Expression {
  const root = strictly(expression.root, false);
  return { ...expression, root, fails: root.fails, strict: true };
}

/**
 * Returns the node in which reads of unset values can fail. `tested`: true if the node is in the path that `has` tests.
 */
function strictly(node: Node, tested: boolean): Node {
  switch (node.kind) {
    case "name":
      return { ...node, fails: node.fails || node.variable.unset !== undefined };
    case "select": {
      const path = typeof node.field !== "string" && !node.optional;
      const of = strictly(node.of, path && (tested || node.test));
      return { ...node, of, fails: node.fails || of.fails || (!tested && readsUnset(node)) };
    }
    case "extension":
      return within(node, [node.of], ([of = node.of]) => ({ ...node, of }));
    case "call":
      return within(node, node.args, (args) => ({ ...node, args }));
    case "list":
      return within(node, node.elements, (elements) => ({ ...node, elements }));
    case "map": {
      const keys = node.entries.map(([key]) => strictly(key, false));
      return within(
        { ...node, fails: node.fails || keys.some((key) => key.fails) },
        node.entries.map(([, value]) => value),
        (values) => ({
          ...node,
          entries: node.entries.map(([key, value, optional], i) => {
            const entry = [keys[i] ?? key, values[i] ?? value] as const;
            return optional === undefined ? entry : [...entry, optional];
          }),
        }),
      );
    }
    case "message":
      return within(
        node,
        node.fields.map(({ value }) => value),
        (values) => ({
          ...node,
          fields: node.fields.map((field, i) => ({ ...field, value: values[i] ?? field.value })),
        }),
      );
    case "macro":
      return within(node, [node.range, ...node.args], ([range = node.range, ...args]) => ({ ...node, range, args }));
    default:
      return node;
  }
}

function within(node: Node, parts: readonly Node[], make: (parts: readonly Node[]) => Node): Node {
  const found = parts.map((part) => strictly(part, false));
  return { ...make(found), fails: node.fails || found.some((part) => part.fails) };
}

function readsUnset(node: Node & { readonly kind: "select" }): boolean {
  return typeof node.field !== "string" && !node.test && !node.optional && presenceOf(node.field) !== "implicit";
}

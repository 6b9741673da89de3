import type { Expression, Node } from "../model/expression.ts";
import { presenceOf } from "../model/field-type.ts";

/**
 * The same expression, evaluated strictly, for what decides who may do something:
 * - `&&`, `||` and `?:` go from left to right, and `all` and `exists` through their items in order. What decides ends it; an error before
 *   that is the expression's. In CEL it would be absorbed by what comes behind (spec, "Logical Operators").
 * - A field that can be unset, and is, has no default: reading it is an error, unless by `has` or `.?`. Else two parties of whom
 *   nothing is known would be equal.
 */
export function strict(expression: Expression): Expression {
  const root = strictly(expression.root, false);
  return { ...expression, root, fails: root.fails, strict: true };
}

/** The node with what is unset among what can fail. `asked`: whether it stands in the path that `has` asks about. */
function strictly(node: Node, asked: boolean): Node {
  switch (node.kind) {
    case "name":
      return { ...node, fails: node.fails || node.variable.unset !== undefined };
    case "select": {
      const path = typeof node.field !== "string" && !node.optional;
      const of = strictly(node.of, path && (asked || node.test));
      return { ...node, of, fails: node.fails || of.fails || (!asked && readsUnset(node)) };
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
        (values) => ({ ...node, fields: node.fields.map((one, i) => ({ ...one, value: values[i] ?? one.value })) }),
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

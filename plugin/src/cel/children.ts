import type { Node } from "./expression.ts";

/** The nodes right below a node. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "select":
      return [node.of];
    case "call":
      return node.args;
    case "list":
      return node.elements;
    case "map":
      return node.entries.flat();
    case "message":
      // A field may take an Any as it is.
      return node.fields.flatMap(({ value }) =>
        value.kind === "select" || value.kind === "name" ? childrenOf(value) : [value],
      );
    case "macro":
      return [node.range, ...node.args];
    default:
      return [];
  }
}

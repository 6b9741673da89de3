import type { Node } from "../model/type.ts";

/** The nodes right below a node. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "select":
      return [node.of];
    case "ok":
      return node.field === undefined ? [] : [node.field.of];
    case "call":
      return node.args;
    case "list":
      return node.elements;
    case "map":
      return [...node.entries.map(([key]) => key), ...node.entries.map(([, value]) => value)];
    case "extension":
      return [node.of];
    case "message":
      return node.fields.map(({ value }) => value);
    case "macro":
      return [node.range, ...node.args];
    default:
      return [];
  }
}

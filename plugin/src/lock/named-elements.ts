// Elements that a part of an expression names.
import type { DescEnum } from "@bufbuild/protobuf";
import type { UpstreamElement } from "@protobff/messages/upstream-facts.js";
import type { CelType, Node } from "../cel/index.ts";

/** Returns the elements that this node itself names, without its children. */
export function named(node: Node): readonly UpstreamElement[] {
  switch (node.kind) {
    case "select":
      return typeof node.field === "string" ? [] : [node.field];
    case "extension":
      return [node.extension];
    case "enum":
      return [node.value];
    case "typename":
      return node.named.kind === "message" ? [node.named.desc] : [];
    case "call":
      return allOf(enumOfCall(node));
    case "message":
      return [node.desc, ...node.fields.map(({ field }) => field)];
    default:
      return [];
  }
}

/** The enum of which a call may name any value. */
function enumOfCall({ overload, args, type }: Node & { readonly kind: "call" }): DescEnum | undefined {
  switch (overload) {
    case "enum_from":
    case "enum_parse":
      return type.kind === "optional" ? enumOf(type.of) : undefined;
    case "enum_name":
      return enumOf(args[0]?.type);
    default:
      return undefined;
  }
}
const enumOf = (type: CelType | undefined): DescEnum | undefined => (type?.kind === "int" ? type.enum : undefined);

const allOf = (type: DescEnum | undefined): readonly UpstreamElement[] =>
  type === undefined ? [] : [type, ...type.values];

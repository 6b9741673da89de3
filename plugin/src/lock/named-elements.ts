// Which elements a part of an expression names.
import type { DescEnum } from "@bufbuild/protobuf";
import type { Node } from "../cel/index.ts";
import type { UpstreamElement } from "./facts.ts";

/** By this node alone, and not by what is inside of it. */
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
  const made = overload === "enum_from" || overload === "enum_parse";
  if (!made && overload !== "enum_name") return undefined;
  const of = made ? (type.kind === "optional" ? type.of : undefined) : args[0]?.type;
  return of?.kind === "int" ? of.enum : undefined;
}

const allOf = (type: DescEnum | undefined): readonly UpstreamElement[] =>
  type === undefined ? [] : [type, ...type.values];

import { enumOf, messageType, scalarType, unwrapped } from "../model/field-type.ts";
import type { CelType, Node, Proto } from "../model/type.ts";
import { packs } from "./pack.ts";

/**
 * Returns true if a value of CEL type `type` can become one of the protobuf kind `to` by a change of representation
 * alone.
 */
export function convertible(type: CelType, proto: Proto | undefined, to: Proto, node?: Node): boolean {
  if (type.kind === "param") return true;
  switch (to.kind) {
    case "scalar":
      return holds(to, type);
    case "enum":
      return enumOf({ type, proto })?.typeName === to.desc.typeName;
    case "message": {
      const inner = unwrapped(to.desc);
      if (inner !== undefined) return holds(inner, type);
      const expected = messageType(to.desc).type;
      if (expected.kind !== "message")
        return (
          (proto?.kind === "message" && proto.desc.typeName === to.desc.typeName) ||
          packs({ type, proto, root: node }, to)
        );
      return type.kind === "message" && type.desc.typeName === to.desc.typeName;
    }
    case "list":
      if (node?.kind === "list")
        return node.elements.every((element, index) => partConvertible(element, node.optionals?.has(index), to.of));
      return type.kind === "list" && convertible(type.element, proto?.kind === "list" ? proto.of : undefined, to.of);
    case "map": {
      const keys = scalarType(to.key).type;
      return (
        type.kind === "map" &&
        (type.key.kind === keys.kind || type.key.kind === "param") &&
        (node?.kind === "map"
          ? node.entries.every(([, value, optional]) => partConvertible(value, optional, to.of))
          : convertible(type.value, proto?.kind === "map" ? proto.of : undefined, to.of))
      );
    }
  }
}

/** Checks a part of a literal. For `?x`, checks the content of the optional. */
function partConvertible(part: Node, optional: boolean | undefined, to: Proto): boolean {
  if (optional && part.type.kind === "optional") return convertible(part.type.of, undefined, to);
  return convertible(part.type, part.proto, to, part);
}

function holds({ scalar }: Proto & { readonly kind: "scalar" }, type: CelType): boolean {
  return (type.kind === "wrapper" ? type.of : type).kind === scalarType(scalar).type.kind;
}

// Values in fields of type Any, Struct, Value and ListValue (CEL spec, "Protocol Buffer Data Conversion").
import type { Node } from "./expression.ts";
import type { CelType, Proto } from "./type.ts";

/** Struct, Value and ListValue, one, several or in a map. */
export function isJson(proto: Proto): boolean {
  if (proto.kind === "list" || proto.kind === "map") return isJson(proto.of);
  return proto.kind === "message" && /^google\.protobuf\.(Struct|Value|ListValue)$/.test(proto.desc.typeName);
}

export interface Packed {
  readonly type: CelType;
  readonly proto: Proto | undefined;
  /** The expression, for literals: their parts say more than their type. */
  readonly root?: Node | undefined;
}

/** Whether a value can be put into such a message for sure. */
export function packs(value: Packed, to: Proto & { readonly kind: "message" }): boolean {
  const { type } = value;
  switch (to.desc.typeName) {
    case "google.protobuf.Any":
      return type.kind === "message";
    case "google.protobuf.Struct":
      return type.kind === "map" && (type.key.kind === "string" || type.key.kind === "param") && isSureJson(value);
    case "google.protobuf.ListValue":
      return type.kind === "list" && isSureJson(value);
    case "google.protobuf.Value":
      return isSureJson(value);
    default:
      return false;
  }
}

/** Whether a value can be written as JSON for sure. */
function isSureJson({ type, proto, root }: Packed): boolean {
  if (proto !== undefined && isJson(proto)) return true;
  return root === undefined ? hasJson(type) : isSureJsonNode(root, (part) => part.type);
}

/** The same of a literal, of which all parts count; `typeOf` says what is known of their types by now. */
export function isSureJsonNode(node: Node, typeOf: (node: Node) => CelType): boolean {
  if (node.kind === "list") return node.elements.every((element) => isSureJsonNode(element, typeOf));
  if (node.kind === "map") return node.entries.every(([, item]) => isSureJsonNode(item, typeOf));
  return hasJson(typeOf(node));
}

/** Whether every value of the type can be written as JSON. */
function hasJson(type: CelType): boolean {
  switch (type.kind) {
    case "list":
      return hasJson(type.element);
    case "map":
      return hasJson(type.value);
    case "wrapper":
      return hasJson(type.of);
    case "message":
      return /^google\.protobuf\.(Timestamp|Duration)$/.test(type.desc.typeName);
    case "dyn":
    case "optional":
    case "type":
    case "opaque":
      return false;
    default:
      return true;
  }
}

// Values in fields of type Any, Struct, Value and ListValue (CEL spec, "Protocol Buffer Data Conversion").
import type { CelType, Node, Proto, Variable } from "../model/type.ts";

/** Struct, Value and ListValue, one, several or in a map. */
export function isJson(proto: Proto): boolean {
  if (proto.kind === "list" || proto.kind === "map") return isJson(proto.of);
  return proto.kind === "message" && /^google\.protobuf\.(Struct|Value|ListValue)$/.test(proto.desc.typeName);
}

interface Packed {
  readonly type: CelType;
  readonly proto: Proto | undefined;
  /** Root of the expression, for literals, whose parts are more exact than their type. */
  readonly root?: Node | undefined;
}

/** Returns true if a value certainly fits such a message. */
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

/** Returns true if a value can certainly be written as JSON. */
function isSureJson({ type, proto, root }: Packed): boolean {
  if (proto !== undefined && isJson(proto)) return true;
  return root === undefined ? hasJson(type) : isSureJsonNode(root, (part) => part.type);
}

/**
 * Returns the same for an expression. All parts of a literal count, and values read from a Struct or a ListValue are
 * JSON.
 */
export function isSureJsonNode(node: Node, typeOf: (node: Node) => CelType, json: Variables = new Set()): boolean {
  const isSure = (part: Node | undefined, more = json): boolean =>
    part !== undefined && isSureJsonNode(part, typeOf, more);
  switch (node.kind) {
    case "list":
      return node.elements.every((element) => isSure(element));
    case "map":
      return node.entries.every(([, item]) => isSure(item));
  }
  return hasJson(typeOf(node)) || isOfJson(node, json, isSure);
}

/** Variables of macros that hold JSON. */
type Variables = ReadonlySet<Variable>;

/** Returns true for a value that is JSON, or a part of JSON, although its type does not show it. */
function isOfJson(node: Node, json: Variables, isSure: (part: Node | undefined, json?: Variables) => boolean): boolean {
  if (node.proto !== undefined && isJson(node.proto)) return true;
  switch (node.kind) {
    case "name":
      return json.has(node.variable);
    case "select":
      return typeof node.field === "string" && !node.test && isOfJson(node.of, json, isSure);
    case "call": {
      const [first, second, third] = node.args;
      if (node.fn === "_?_:_") return isSure(second) && isSure(third);
      const reads = node.fn === "_[_]" || node.overload === "optional_index" || node.overload === "optional_value";
      if (reads) return first !== undefined && isOfJson(first, json, isSure);
      return (
        node.overload === "optional_or_value" && first !== undefined && isOfJson(first, json, isSure) && isSure(second)
      );
    }
    case "macro": {
      const [variable] = node.vars;
      const isJsonRange = isOfJson(node.range, json, isSure);
      if (node.macro === "filter") return isJsonRange;
      // With one variable, a macro iterates over the keys of a map, which are texts.
      const within =
        isJsonRange && node.vars.length === 1 && variable !== undefined ? json.union(new Set([variable])) : json;
      return node.macro === "map" && isSure(node.args.at(-1), within);
    }
    default:
      return false;
  }
}

/** Returns true if every value of the type can be written as JSON. */
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

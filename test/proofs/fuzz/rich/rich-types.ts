// Fields that random BFFs read of the upstreams of small goldens, and their declarations.
import { pick } from "../random.ts";

export type Type =
  | "string"
  | "int"
  | "bool"
  | "Kind"
  | "uint"
  | "double"
  | "bytes"
  | "Time"
  | "Span"
  | "Label"
  | "Json"
  | "Bag"
  | "List"
  | "Any"
  | "Kinds"
  | "Item"
  | "Size"
  | "Order"
  | "Found"
  | "Mapped"
  | "Items"
  | "strings"
  | "Sizes"
  | "Texts"
  | "Numbered"
  | "SizeMap"
  | "ItemMap"
  | Composed
  | `${Composed}s`;
/** Messages that others compose. */
export type Composed = "Sub" | "Over";

/** Readable members of a message, by its type. */
export const MEMBERS: Readonly<Partial<Record<Type, readonly (readonly [Type, string])[]>>> = {
  Item: [
    ["string", "id"],
    ["string", "name"],
    ["string", "note"],
    ["string", "image_url"],
    ["int", "price_cents"],
    ["Kind", "kind"],
    ["Size", "size"],
    ["Size", "placeholder"],
    ["Sizes", "sizes"],
    ["strings", "tags"],
    ["Texts", "attributes"],
    ["SizeMap", "sizes_by_name"],
    ["string", "attributes['k']"],
    ["Size", "sizes_by_name['k']"],
  ],
  Order: [
    ["string", "id"],
    ["string", "item_id"],
    ["bool", "paid"],
  ],
  Found: [
    ["Items", "items"],
    ["int", "total"],
  ],
  Mapped: [["ItemMap", "items"]],
};
/** Further members, for cases without an oracle. */
export const MORE: typeof MEMBERS = {
  Item: [
    ["uint", "views"],
    ["double", "rating"],
    ["bytes", "digest"],
    ["Time", "created_at"],
    ["Span", "lead_time"],
    ["Label", "label"],
    ["Kinds", "kinds"],
  ],
};
/** Types of these. */
export const SCALARS = ["uint", "double", "bytes", "Time", "Span", "Label", "Kinds"] as const;
/** Declaration of a field of each type, and the name of a copy. */
export const FIELDS: Readonly<Record<Type, string>> = {
  string: "optional string",
  int: "optional int64",
  bool: "optional bool",
  Kind: "optional up.v1.Kind",
  uint: "optional uint32",
  double: "optional double",
  bytes: "optional bytes",
  Time: "google.protobuf.Timestamp",
  Span: "google.protobuf.Duration",
  Label: "google.protobuf.StringValue",
  Json: "google.protobuf.Value",
  Bag: "google.protobuf.Struct",
  List: "google.protobuf.ListValue",
  Any: "google.protobuf.Any",
  Kinds: "repeated up.v1.Kind",
  Item: "ItemCopy",
  Size: "SizeCopy",
  Order: "OrderCopy",
  Found: "FoundCopy",
  Mapped: "MappedCopy",
  Items: "repeated ItemCopy",
  strings: "repeated string",
  Sizes: "repeated SizeCopy",
  Texts: "map<string, string>",
  Numbered: "map<int64, string>",
  SizeMap: "map<string, SizeCopy>",
  ItemMap: "map<string, ItemCopy>",
  Sub: "Sub",
  Subs: "repeated Sub",
  Over: "Over",
  Overs: "repeated Over",
};
export const ELEMENTS: Readonly<Partial<Record<Type, Type>>> = {
  Items: "Item",
  strings: "string",
  Sizes: "Size",
  Kinds: "Kind",
  Subs: "Sub",
  Overs: "Over",
};
/** For maps: the types of their keys and values, and of the lists of these. */
export const ENTRIES: Readonly<Partial<Record<Type, readonly [key: "string" | "int", value: Type, values?: Type]>>> = {
  Texts: ["string", "string", "strings"],
  Numbered: ["int", "string", "strings"],
  SizeMap: ["string", "Size", "Sizes"],
  ItemMap: ["string", "Item", "Items"],
};
/** Fields for which `has` is valid. */
export const PRESENCE = [
  ...["note", "image_url", "size", "placeholder", "label", "created_at", "name", "tags"],
  ...["attributes", "sizes_by_name", "attributes.k"],
];

/** A literal of the type. */
export function constantOf(random: () => number, type: Type): string {
  const choose = (of: readonly string[]): string => pick(of, random) ?? "";
  switch (type) {
    case "string":
      return choose(["'a'", "'b'", "''"]);
    case "int":
      return choose(["1", "2", "0"]);
    case "bool":
      return choose(["true", "false"]);
    case "Kind":
      return choose(["up.v1.Kind.KIND_BOOK", "up.v1.Kind.KIND_FILM"]);
    case "uint":
      return choose(["1u", "0u"]);
    case "double":
      return choose(["1.5", "0.0"]);
    case "bytes":
      return choose(["b'a'", "b''"]);
    case "Time":
      return choose(["timestamp('2026-01-01T00:00:00Z')", "now"]);
    case "Span":
      return choose(["duration('5s')", "duration('0s')"]);
    case "Label":
      return "up.v1.Item{label: 'a'}.label";
    case "Json":
      return choose(["dyn('a')", "dyn(1)", "dyn([1, 2])"]);
    case "Bag":
      return "{'k': dyn('a'), 'n': dyn(1)}";
    case "List":
      return "[dyn(1), dyn('a')]";
    case "Any":
      return "google.protobuf.Any{type_url: 'type.googleapis.com/up.v1.Size'}";
    case "Kinds":
      return choose(["[up.v1.Kind.KIND_BOOK]", "[up.v1.Kind.KIND_FILM, up.v1.Kind.KIND_BOOK]"]);
    case "Items":
      return "[up.v1.Item{id: 'i'}]";
    case "strings":
      return choose(["['a', 'b']", "['x']"]);
    case "Sizes":
      return "[up.v1.Size{width: 1}]";
    case "Texts":
      return choose(["{'k': 'a', 'b': 'b'}", "{'a': ''}"]);
    case "Numbered":
      return choose(["{1: 'a', 2: 'b'}", "{0: ''}"]);
    case "SizeMap":
      return choose(["{'k': up.v1.Size{width: 1}}", "{'a': up.v1.Size{}, 'b': up.v1.Size{height: 2}}"]);
    case "ItemMap":
      return "{'k': up.v1.Item{id: 'i'}}";
    case "Found":
      return "up.v1.FindItemsResponse{total: 1}";
    case "Mapped":
      return "up.v1.MapItemsResponse{items: {'k': up.v1.Item{}}}";
    default:
      return `up.v1.${type}{}`;
  }
}

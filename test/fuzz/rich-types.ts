// What random BFFs read of the upstreams of small goldens, and what they declare for it.
import { pick } from "./random.ts";

export type Type = "string" | "int" | "bool" | "Kind" | "Item" | "Size" | "Order" | "Items" | "strings" | "Sizes";

/** What can be read of a message, by its type. */
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
    ["string", "attributes['k']"],
    ["Size", "sizes_by_name['k']"],
  ],
  Order: [
    ["string", "id"],
    ["string", "item_id"],
    ["bool", "paid"],
  ],
};
/** What is declared for a field of the type, and what a copy of it is called. */
export const FIELDS: Readonly<Record<Type, string>> = {
  string: "optional string",
  int: "optional int64",
  bool: "optional bool",
  Kind: "optional up.v1.Kind",
  Item: "ItemCopy",
  Size: "SizeCopy",
  Order: "OrderCopy",
  Items: "repeated ItemCopy",
  strings: "repeated string",
  Sizes: "repeated SizeCopy",
};
export const ELEMENTS: Readonly<Partial<Record<Type, Type>>> = { Items: "Item", strings: "string", Sizes: "Size" };
/** Those of which one can ask by `has`. */
export const PRESENCE = ["note", "image_url", "size", "placeholder", "label", "created_at", "name", "tags"];

/** A literal of the type. */
export function constantOf(random: () => number, type: Type): string {
  const one = (of: readonly string[]): string => pick(of, random) ?? "";
  switch (type) {
    case "string":
      return one(["'a'", "'b'", "''"]);
    case "int":
      return one(["1", "2", "0"]);
    case "bool":
      return one(["true", "false"]);
    case "Kind":
      return one(["up.v1.Kind.KIND_BOOK", "up.v1.Kind.KIND_FILM"]);
    case "Items":
      return "[up.v1.Item{id: 'i'}]";
    case "strings":
      return one(["['a', 'b']", "['x']"]);
    case "Sizes":
      return "[up.v1.Size{width: 1}]";
    default:
      return `up.v1.${type}{}`;
  }
}

import type { CelType } from "./type.ts";

const TIMES: ReadonlyMap<string, string> = new Map([
  ["google.protobuf.Timestamp", "timestamp"],
  ["google.protobuf.Duration", "duration"],
]);

/** A type as diagnostics write it: `list(string)`, `web.v1.User`, `timestamp`. */
export function typeName(type: CelType): string {
  switch (type.kind) {
    case "list":
      return `list(${typeName(type.element)})`;
    case "map":
      return `map(${typeName(type.key)}, ${typeName(type.value)})`;
    case "message":
      return TIMES.get(type.desc.typeName) ?? type.desc.typeName;
    case "wrapper":
      return `wrapper(${typeName(type.of)})`;
    case "optional":
      return `optional(${typeName(type.of)})`;
    case "type":
      return `type(${typeName(type.of)})`;
    case "param":
      // A type that nothing has decided yet.
      return type.name.startsWith("_") ? "dyn" : type.name;
    case "opaque":
      return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(typeName).join(", ")})`;
    case "struct":
      return "a group of names";
    default:
      return type.kind;
  }
}

import type { CelType, Overload } from "./type.ts";

const TIMES: ReadonlyMap<string, string> = new Map([
  ["google.protobuf.Timestamp", "timestamp"],
  ["google.protobuf.Duration", "duration"],
]);

/** A type as diagnostics write it: `list(string)`, `web.v1.User`, `timestamp`. */
export function typeName(type: CelType): string {
  return written(type, typeName);
}

/** A function of the user with its types: `slug.of(string) string`. */
export function signature({ fn, params, result }: Overload): string {
  return `${fn}(${params.map(typeName).join(", ")}) ${typeName(result)}`;
}

/** The same with the names of enums in place of int. */
export function typeNameOfEnums(type: CelType): string {
  const desc = type.kind === "int" ? type.enum : undefined;
  return desc === undefined ? written(type, typeNameOfEnums) : `enum ${desc.typeName}`;
}

function written(type: CelType, name: (type: CelType) => string): string {
  switch (type.kind) {
    case "list":
      return `list(${name(type.element)})`;
    case "map":
      return `map(${name(type.key)}, ${name(type.value)})`;
    case "message":
      return TIMES.get(type.desc.typeName) ?? type.desc.typeName;
    case "wrapper":
      return `wrapper(${name(type.of)})`;
    case "optional":
      return `optional(${name(type.of)})`;
    case "type":
      return `type(${name(type.of)})`;
    case "param":
      // A type that nothing has decided yet.
      return type.name.startsWith("_") ? "dyn" : type.name;
    case "opaque":
      return type.params.length === 0
        ? type.name
        : `${type.name}(${type.params.map((param) => name(param)).join(", ")})`;
    case "struct":
      return "a group of names";
    default:
      return type.kind;
  }
}

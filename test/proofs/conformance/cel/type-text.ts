import type { CelType } from "../../../../plugin/src/cel/index.ts";

/** A type as cel-go writes it. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case "list":
      return `list(${typeText(type.element)})`;
    case "map":
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case "message": {
      const { typeName } = type.desc;
      if (typeName === "google.protobuf.Timestamp") return "timestamp";
      return typeName === "google.protobuf.Duration" ? "duration" : typeName;
    }
    case "wrapper":
      return `wrapper(${typeText(type.of)})`;
    case "optional":
      return `optional_type(${typeText(type.of)})`;
    case "type":
      // `type` itself has no parameter.
      return type.of.kind === "type" && type.of.of.kind === "dyn" ? "type(type)" : `type(${typeText(type.of)})`;
    case "opaque":
      return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(typeText).join(", ")})`;
    case "param":
      return "dyn";
    case "dyn":
      return type.any ? "any" : "dyn";
    default:
      return type.kind;
  }
}

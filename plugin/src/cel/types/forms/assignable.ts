import type { CelType } from "../model/type.ts";

const NULLABLE: ReadonlySet<CelType["kind"]> = new Set(["message", "wrapper", "optional", "null", "dyn"]);

export function sameType(a: CelType, b: CelType): boolean {
  switch (a.kind) {
    case "list":
      return b.kind === "list" && sameType(a.element, b.element);
    case "map":
      return b.kind === "map" && sameType(a.key, b.key) && sameType(a.value, b.value);
    case "message":
      return b.kind === "message" && a.desc.typeName === b.desc.typeName;
    case "wrapper":
    case "optional":
    case "type":
      return b.kind === a.kind && sameType(a.of, b.of);
    case "param":
      return b.kind === "param" && a.name === b.name;
    case "struct":
      return a === b;
    case "opaque":
      return (
        b.kind === "opaque" &&
        a.name === b.name &&
        a.params.every((param, index) => sameType(param, b.params[index] ?? { kind: "dyn" }))
      );
    default:
      return a.kind === b.kind;
  }
}

/**
 * Returns true if a value of type `from` may be used as `to`. `dyn` is assignable in both directions (and is checked at
 * run time).
 */
export function assignable(from: CelType, to: CelType): boolean {
  if (from.kind === "struct" || to.kind === "struct") return false;
  // A parameter that is left is the element of an empty literal.
  if (from.kind === "dyn" || to.kind === "dyn" || from.kind === "param") return true;
  if (from.kind === "null") return NULLABLE.has(to.kind);
  if (to.kind === "wrapper") return assignable(from.kind === "wrapper" ? from.of : from, to.of);
  if (from.kind === "wrapper") return assignable(from.of, to);
  switch (to.kind) {
    case "list":
      return from.kind === "list" && assignable(from.element, to.element);
    case "map":
      return from.kind === "map" && assignable(from.key, to.key) && assignable(from.value, to.value);
    case "optional":
      return from.kind === "optional" && assignable(from.of, to.of);
    case "type":
      return from.kind === "type";
    default:
      return sameType(from, to);
  }
}

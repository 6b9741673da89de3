import type { Proto } from "../model/type.ts";

/** Returns true if two plain values have one representation. */
export function sameProto(a: Proto, b: Proto): boolean {
  switch (a.kind) {
    case "scalar":
      return b.kind === "scalar" && a.scalar === b.scalar && a.text === b.text;
    case "enum":
    case "message":
      return b.kind === a.kind && a.desc.typeName === b.desc.typeName;
    case "list":
      return b.kind === "list" && sameProto(a.of, b.of);
    case "map":
      return b.kind === "map" && a.key === b.key && sameProto(a.of, b.of);
  }
}

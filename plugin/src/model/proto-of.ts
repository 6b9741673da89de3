import { ScalarType } from "@bufbuild/protobuf";
import type { CelType, Proto } from "../cel/index.ts";

/**
 * Returns the form that represents a computed value of this type: CEL's own (64-bit integers are bigints, doubles
 * numbers).
 */
export function protoOf(type: CelType): Proto | undefined {
  switch (type.kind) {
    case "bool":
      return { kind: "scalar", scalar: ScalarType.BOOL };
    case "int":
      return type.enum === undefined ? { kind: "scalar", scalar: ScalarType.INT64 } : { kind: "enum", desc: type.enum };
    case "uint":
      return { kind: "scalar", scalar: ScalarType.UINT64 };
    case "double":
      return { kind: "scalar", scalar: ScalarType.DOUBLE };
    case "string":
      return { kind: "scalar", scalar: ScalarType.STRING };
    case "bytes":
      return { kind: "scalar", scalar: ScalarType.BYTES };
    case "message":
      return { kind: "message", desc: type.desc };
    case "list": {
      const of = protoOf(type.element);
      return of && { kind: "list", of };
    }
    case "map": {
      const key = protoOf(type.key.kind === "int" ? { kind: "int" } : type.key);
      const of = protoOf(type.value);
      return of && key?.kind === "scalar" ? { kind: "map", key: key.scalar, of } : undefined;
    }
    default:
      return undefined;
  }
}

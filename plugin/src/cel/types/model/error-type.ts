import { type Registry, ScalarType } from "@bufbuild/protobuf";
import type { CelType, FieldType } from "./type.ts";

/** Type of the content of `failure(step)`: an error whose members are read, and that is no value by itself. */
export const ERROR_TYPE: CelType = { kind: "opaque", name: "error", params: [] };

export function isError(type: CelType): boolean {
  return type.kind === "opaque" && type.name === "error";
}

/** Returns true if a type contains an error. */
export function holdsError(type: CelType): boolean {
  switch (type.kind) {
    case "list":
      return holdsError(type.element);
    case "map":
      return holdsError(type.value);
    case "optional":
      return holdsError(type.of);
    default:
      return isError(type);
  }
}

const INT: FieldType = { type: { kind: "int" }, proto: { kind: "scalar", scalar: ScalarType.INT32 } };
const STRING: FieldType = { type: { kind: "string" }, proto: { kind: "scalar", scalar: ScalarType.STRING } };

export const ERROR_MEMBERS: readonly string[] = ["code", "message", "reason", "upstream"];

/** Returns a member of an error. `reason` is a value of bff.v1.Degradation.Reason if the run contains that enum. */
export function errorMember(name: string, registry: Registry): FieldType | undefined {
  switch (name) {
    case "code":
      return INT;
    case "message":
    case "upstream":
      return STRING;
    case "reason": {
      const desc = registry.getEnum("bff.v1.Degradation.Reason");
      return desc === undefined ? INT : { ...INT, type: { kind: "int", enum: desc } };
    }
    default:
      return undefined;
  }
}

/** Message and hint for an error that is passed on as a value. */
export const NO_VALUE = ["an error is not a value by itself", "read a member of it: failure(step).?code"] as const;

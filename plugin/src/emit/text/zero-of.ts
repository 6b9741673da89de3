import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { is64Bit } from "../../model/is-64-bit.ts";

const { IMPLICIT } = FeatureSet_FieldPresence;

/** Returns the value of a member that is not set. */
export function zeroOf(member: DescMessage["members"][number]): string {
  if (member.kind === "oneof") return "{ case: undefined }";
  if (member.fieldKind === "list") return "[]";
  if (member.fieldKind === "map") return "{}";
  if (member.fieldKind === "message" || member.presence !== IMPLICIT) return "undefined";
  if (member.fieldKind === "enum") return "0";
  return member.longAsString ? '"0"' : zeroOfScalar(member.scalar);
}
export function zeroOfScalar(scalar: ScalarType): string {
  switch (scalar) {
    case ScalarType.STRING:
      return '""';
    case ScalarType.BOOL:
      return "false";
    case ScalarType.BYTES:
      return "new Uint8Array()";
    default:
      return is64Bit(scalar) ? "0n" : "0";
  }
}

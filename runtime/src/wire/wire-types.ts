import { ScalarType } from "@bufbuild/protobuf";

export const VARINT = 0;
export const LENGTH = 2;
export const GROUP = 3;
export const GROUP_END = 4;
const FIXED64 = 1;
const FIXED32 = 5;

/** Returns the wire type of a value that is not packed. */
export function wireTypeOf(scalar: ScalarType): number {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return LENGTH;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return FIXED64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return FIXED32;
    default:
      return VARINT;
  }
}

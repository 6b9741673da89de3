import { ScalarType } from "@bufbuild/protobuf";

const WIDE: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);

/** Returns true for integers of 64 bits, which TypeScript has as a `bigint`, unless as a text. */
export const is64Bit = (scalar: ScalarType | undefined): boolean => scalar !== undefined && WIDE.has(scalar);

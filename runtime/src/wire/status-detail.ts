import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Any, AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";

const DETAILS = 3; // google.rpc.Status: repeated google.protobuf.Any details = 3

/**
 * Returns the first detail of this type in an encoded `google.rpc.Status`; undefined if there is none, or if the bytes
 * are invalid.
 */
export function statusDetail<Desc extends DescMessage>(status: Uint8Array, desc: Desc): MessageShape<Desc> | undefined {
  try {
    for (const any of details(status)) {
      const found = anyUnpack(any, desc);
      if (found !== undefined) return found;
    }
  } catch {
    // Invalid details of an upstream count as none.
  }
  return undefined;
}

/**
 * Returns all details of an encoded `google.rpc.Status`: the full names of their types, and their bytes. None if the
 * bytes are invalid.
 */
export function statusDetails(status: Uint8Array): { type: string; value: Uint8Array<ArrayBuffer> }[] {
  try {
    return [...details(status)].map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value: new Uint8Array(value),
    }));
  } catch {
    return [];
  }
}

function* details(status: Uint8Array): Iterable<Any> {
  const reader = new BinaryReader(status);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === DETAILS && wireType === WireType.LengthDelimited) yield fromBinary(AnySchema, reader.bytes());
    else reader.skip(wireType, field);
  }
}

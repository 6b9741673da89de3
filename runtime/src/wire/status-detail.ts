import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Any, AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";

const DETAILS = 3; // google.rpc.Status: repeated google.protobuf.Any details = 3

/** The first detail of this type in an encoded `google.rpc.Status`; undefined also when the bytes make no sense. */
export function statusDetail<Desc extends DescMessage>(status: Uint8Array, desc: Desc): MessageShape<Desc> | undefined {
  try {
    for (const any of details(status)) {
      const found = anyUnpack(any, desc);
      if (found !== undefined) return found;
    }
  } catch {
    // An upstream's broken details are as good as none.
  }
  return undefined;
}

/** All details of an encoded `google.rpc.Status`: the full names of their types, and their bytes. None when the bytes make no sense. */
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

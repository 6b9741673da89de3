import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";

const DETAILS = 3; // google.rpc.Status: repeated google.protobuf.Any details = 3

/** The first detail of this type in an encoded `google.rpc.Status`; undefined also when the bytes make no sense. */
export function statusDetail<Desc extends DescMessage>(status: Uint8Array, desc: Desc): MessageShape<Desc> | undefined {
  try {
    const reader = new BinaryReader(status);
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === DETAILS && wireType === WireType.LengthDelimited) {
        const found = anyUnpack(fromBinary(AnySchema, reader.bytes()), desc);
        if (found !== undefined) return found;
      } else reader.skip(wireType, field);
    }
  } catch {
    // An upstream's broken details are as good as none.
  }
  return undefined;
}

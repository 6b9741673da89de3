import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** Number of `google.protobuf.FileDescriptorProto.source_code_info`. */
const SOURCE_CODE_INFO = 9;

/**
 * Decodes a file. Its source info, about half of an image, is decoded when it is read: most runs read the sources, and
 * no comments.
 *
 * @example
 * const file = decodeFile(bytes);
 */
export function decodeFile(bytes: Uint8Array): FileDescriptorProto {
  const reader = new BinaryReader(bytes);
  const kept: Uint8Array[] = [];
  const info: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const from = reader.pos;
    const [no, wireType] = reader.tag();
    reader.skip(wireType, no);
    (no === SOURCE_CODE_INFO ? info : kept).push(bytes.subarray(from, reader.pos));
  }
  const file = fromBinary(FileDescriptorProtoSchema, Buffer.concat(kept));
  if (info.length === 0) return file;
  const define = (property: PropertyDescriptor) =>
    Object.defineProperty(file, "sourceCodeInfo", { configurable: true, enumerable: true, ...property });
  const read = () => {
    const { sourceCodeInfo } = fromBinary(FileDescriptorProtoSchema, Buffer.concat(info));
    define({ value: sourceCodeInfo, writable: true });
    return sourceCodeInfo;
  };
  return define({ get: read });
}

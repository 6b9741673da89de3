import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { type CodeGeneratorRequest, CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { decodeFile } from "./decode-file.ts";

/** Numbers of fields in google/protobuf/compiler/plugin.proto and descriptor.proto. */
const PROTO_FILE = 15;
const SOURCE_FILE_DESCRIPTORS = 17;
const NAME = 1;

/**
 * Decodes a request, each file once. A request contains files to generate twice: `proto_file` lacks options with source
 * retention. The result has the complete descriptor in `protoFile`, and nothing in `sourceFileDescriptors`.
 *
 * @example
 * const request = decodeRequest(readFileSync(0));
 */
export function decodeRequest(bytes: Uint8Array): CodeGeneratorRequest {
  const files: Uint8Array[] = [];
  const complete = new Map<string, Uint8Array>();
  const rest: Uint8Array[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, wireType] = reader.tag();
    if (field === PROTO_FILE) files.push(reader.bytes());
    else if (field === SOURCE_FILE_DESCRIPTORS) {
      const file = reader.bytes();
      complete.set(nameOf(file), file);
    } else {
      reader.skip(wireType, field);
      rest.push(bytes.subarray(start, reader.pos));
    }
  }
  const request = fromBinary(CodeGeneratorRequestSchema, Buffer.concat(rest));
  request.protoFile = files.map((file) => decodeFile(complete.get(nameOf(file)) ?? file));
  return request;
}

/** Returns the name of an encoded file. */
function nameOf(file: Uint8Array): string {
  const reader = new BinaryReader(file);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === NAME) return reader.string();
    reader.skip(wireType, field);
  }
  return "";
}

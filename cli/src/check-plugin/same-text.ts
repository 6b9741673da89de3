// Compares the source texts of two descriptors.
import { toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/**
 * Returns true if both files have the same elements and options at the same places. Only comments and the space between
 * tokens may differ.
 */
export function sameText(left: FileDescriptorProto, right: FileDescriptorProto): boolean {
  // Unknown fields hold buf's own notes about a file in an image, which are no part of its text.
  const bytes = (file: FileDescriptorProto) => toBinary(FileDescriptorProtoSchema, { ...file, $unknown: [] });
  if (left === right) return true;
  const [a, b] = [bytes(left), bytes(right)];
  if (a.length !== b.length) return false;
  return Buffer.compare(a, b) === 0 || inOrder(a) === inOrder(b);
}

/**
 * Returns a message as text, with its fields ordered by number, because buf writes the fields of an option in any
 * order. Field types are unknown here, so bytes that parse as a message count as a message, on both sides.
 */
function inOrder(bytes: Uint8Array): string {
  const fields = fieldsOf(bytes);
  if (fields === undefined) return Buffer.from(bytes).toString("latin1");
  const sorted = fields.sort((a, b) => a.no - b.no);
  return `{${sorted.map(({ no, value }) => `${no}:${typeof value === "string" ? value : inOrder(value)}`).join(",")}}`;
}

interface Field {
  readonly no: number;
  readonly value: string | Uint8Array;
}

/** Undefined: these bytes are no message. */
function fieldsOf(bytes: Uint8Array): Field[] | undefined {
  const reader = new BinaryReader(bytes);
  const fields: Field[] = [];
  try {
    while (reader.pos < reader.len) {
      const [no, type] = reader.tag();
      if (type === WireType.LengthDelimited) fields.push({ no, value: reader.bytes() });
      else fields.push({ no, value: Buffer.from(reader.skip(type, no)).toString("hex") });
    }
  } catch {
    return undefined;
  }
  return reader.pos === reader.len ? fields : undefined;
}

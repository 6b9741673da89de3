// Whether two descriptors are of one text.
import { toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** With the same elements and options at the same places; only what stands in comments and between tokens may differ. */
export function sameText(one: FileDescriptorProto, other: FileDescriptorProto): boolean {
  // What buf notes of a file in its images is no part of its text.
  const bytes = (file: FileDescriptorProto) => toBinary(FileDescriptorProtoSchema, { ...file, $unknown: [] });
  if (one === other) return true;
  const [a, b] = [bytes(one), bytes(other)];
  if (a.length !== b.length) return false;
  return Buffer.compare(a, b) === 0 || inOrder(a) === inOrder(b);
}

/**
 * A message with its fields in the order of their numbers, as text: buf writes those of an option in any order. What are bytes or text and
 * what is a message is not known here, so that whatever reads as a message is taken for one; both sides are treated alike.
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

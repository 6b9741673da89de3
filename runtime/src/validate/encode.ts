// `buf.validate.Violations` in bytes, of validate.proto 1.x. Its own descriptor would be 60 KiB to load for these four messages.
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { FieldStep, RuleStep, Violation } from "./violation.ts";

/** Maximum size of details that clients accept, in bytes: gRPC sends them in a header, as base64. */
const MAX_BYTES = 6 * 1024;

/** All of them, or as many of the first as fit into 6 KiB. */
export function encodeViolations(found: readonly Violation[]): Uint8Array<ArrayBuffer> {
  const w = new BinaryWriter();
  let left = MAX_BYTES;
  for (const violation of found) {
    const bytes = encodeViolation(violation);
    if (bytes.length > left) continue;
    left -= bytes.length;
    w.tag(1, WireType.LengthDelimited).bytes(bytes);
  }
  return w.finish();
}

function encodeViolation({ rule, message, forKey, path }: Violation): Uint8Array {
  const w = new BinaryWriter();
  w.tag(2, WireType.LengthDelimited).string(rule.id);
  if (message !== "") w.tag(3, WireType.LengthDelimited).string(message.toWellFormed());
  if (forKey) w.tag(4, WireType.Varint).bool(true);
  if (path.length > 0) {
    w.tag(5, WireType.LengthDelimited).fork();
    for (const step of path.toReversed()) fieldStep(w, step);
    w.join();
  }
  if (rule.path !== undefined) {
    w.tag(6, WireType.LengthDelimited).fork();
    for (const step of rule.path) ruleStep(w, step);
    w.join();
  }
  return w.finish();
}

function fieldStep(w: BinaryWriter, { of, at }: FieldStep): void {
  w.tag(1, WireType.LengthDelimited).fork();
  if (of.kind === "field") w.tag(1, WireType.Varint).int32(of.number);
  w.tag(2, WireType.LengthDelimited).string(of.name);
  if (of.kind === "field") {
    w.tag(3, WireType.Varint).int32(typeOf(of));
    if (at !== undefined) subscript(w, of, at);
  }
  w.join();
}

function subscript(w: BinaryWriter, of: DescField, at: number | string): void {
  if (of.fieldKind !== "map") {
    w.tag(6, WireType.Varint).uint64(at);
    return;
  }
  w.tag(4, WireType.Varint).int32(of.mapKey);
  const named = of.mapKind === "enum" ? ENUM : MESSAGE;
  w.tag(5, WireType.Varint).int32(of.mapKind === "scalar" ? of.scalar : named);
  switch (of.mapKey) {
    case ScalarType.STRING:
      w.tag(10, WireType.LengthDelimited).string(String(at).toWellFormed());
      return;
    case ScalarType.BOOL:
      w.tag(7, WireType.Varint).bool(at === "true");
      return;
    case ScalarType.UINT32:
    case ScalarType.UINT64:
    case ScalarType.FIXED32:
    case ScalarType.FIXED64:
      w.tag(9, WireType.Varint).uint64(at);
      return;
    default:
      w.tag(8, WireType.Varint).int64(at);
  }
}
/** In editions a group's type is that of a message. */
const typeOf = (field: DescField): number =>
  "delimitedEncoding" in field && field.delimitedEncoding ? GROUP : field.proto.type;
// google.protobuf.FieldDescriptorProto.Type; scalars have the numbers of ScalarType.
const GROUP = 10;
const MESSAGE = 11;
const ENUM = 14;

function ruleStep(w: BinaryWriter, [name, number, type, index]: RuleStep): void {
  w.tag(1, WireType.LengthDelimited).fork();
  w.tag(1, WireType.Varint).int32(number);
  w.tag(2, WireType.LengthDelimited).string(name);
  w.tag(3, WireType.Varint).int32(type);
  if (index !== undefined) w.tag(6, WireType.Varint).uint64(index);
  w.join();
}

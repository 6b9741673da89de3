// Values that no capture contains: credentials in headers, and secret fields of messages.
import { type DescField, type DescMessage, type Message, ScalarType, toBinary } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import { holdsRedacted, isSecretField } from "../explorer/masks.ts";

/** Replaces a text. A call may send it on in its metadata, which allows only ASCII. */
const MASK = "***";
/** Maximum depth of messages that are masked. Deeper ones are cleared. */
const DEEPEST = 100;

/** Masks the bytes of a message. Undefined: no message of this type has anything to mask. */
export function maskOf(desc: DescMessage): ((bytes: Uint8Array) => Uint8Array) | undefined {
  if (!holdsRedacted(desc)) return undefined;
  return (bytes) => {
    let message: Message;
    try {
      message = readMessage(desc, bytes);
    } catch {
      return new Uint8Array(); // invalid bytes may hold a secret
    }
    maskMessage(reflect(desc, message), 0);
    return toBinary(desc, message, { writeUnknownFields: false });
  };
}

function maskMessage(message: ReflectMessage, depth: number): void {
  // The type of the value in an Any may be unknown.
  const isOpaque = message.desc.typeName === "google.protobuf.Any" || depth > DEEPEST;
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    if (isOpaque || isSecretField(field)) maskField(message, field);
    else if (field.fieldKind === "message") maskMessage(message.get(field), depth + 1);
    else if (field.fieldKind === "list" && field.listKind === "message")
      for (const item of message.get(field)) maskMessage(item as ReflectMessage, depth + 1);
    else if (field.fieldKind === "map" && field.mapKind === "message")
      for (const item of message.get(field).values()) maskMessage(item as ReflectMessage, depth + 1);
  }
}

/** A text keeps its presence, because rules and conditions may depend on it. */
function maskField(message: ReflectMessage, field: DescField): void {
  if (field.fieldKind === "scalar" && field.scalar === ScalarType.STRING) message.set(field, MASK);
  else message.clear(field);
}

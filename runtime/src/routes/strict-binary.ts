// Connect decodes requests by protobuf-es, which reads a field whatever its wire type. Its bytes are therefore read by
// our reader before, and handed over without such fields.
import { type DescMessage, type Message, toBinary, type UnknownField } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { readMessage } from "../wire/reader.ts";
import { VARINT } from "../wire/wire-types.ts";

/**
 * Returns bytes that protobuf-es reads as `readMessage` reads the given ones. Only declared fields in another wire type
 * are lost, which are unknown fields.
 *
 * @throws what `readMessage` throws
 */
export function strictBinary(desc: DescMessage, bytes: Uint8Array): Uint8Array {
  const message: Message = readMessage(desc, bytes);
  return stripped(reflect(desc, message)) ? toBinary(desc, message) : bytes;
}

/** Removes unknown fields with the numbers of declared ones. Reports whether there were any. */
function stripped(message: ReflectMessage): boolean {
  const unknown = message.getUnknown() ?? [];
  const kept = unknown.filter((field) => !isMisread(message.desc, field));
  let found = kept.length < unknown.length;
  if (found) message.setUnknown(kept);
  for (const inner of messagesIn(message)) if (stripped(inner)) found = true;
  return found;
}
/** An unknown value of a closed enum remains one. */
function isMisread(desc: DescMessage, { no, wireType }: UnknownField): boolean {
  const field = desc.fields.find(({ number }) => number === no);
  return field !== undefined && !(field.fieldKind === "enum" && wireType === VARINT);
}

function* messagesIn(message: ReflectMessage): Generator<ReflectMessage> {
  for (const field of message.fields) {
    if (field.message === undefined || !message.isSet(field)) continue;
    if (field.fieldKind === "message") yield message.get(field);
    else if (field.fieldKind === "list") yield* message.get(field) as Iterable<ReflectMessage>;
    else if (field.fieldKind === "map") yield* message.get(field).values() as Iterable<ReflectMessage>;
  }
}

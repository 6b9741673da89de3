// Position of an item in its stream, from the response's optional field of type bff.v1.Position.
import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";

/** A bff.v1.Position, by its fields. */
interface Position {
  readonly token: string;
  readonly beat: boolean;
  readonly reset: boolean;
}

const fields = new WeakMap<DescMessage, DescField | null>();

/** Returns the response's position; undefined if it has none. */
export function positionOf(desc: DescMessage, message: Message): Position | undefined {
  let field = fields.get(desc);
  if (field === undefined) {
    field =
      desc.fields.find((field) => field.fieldKind === "message" && field.message.typeName === "bff.v1.Position") ??
      null;
    fields.set(desc, field);
  }
  if (field === null) return undefined;
  // The message was made by its descriptor, which names this field.
  return (message as Message & Readonly<Record<string, unknown>>)[field.localName] as Position | undefined;
}

import type { DescField } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";

/** Yields the messages in a field that is set, each with its path: `items[3]`. */
export function* messagesIn(
  message: ReflectMessage,
  field: DescField,
): Generator<readonly [path: string, inner: ReflectMessage]> {
  const { name } = field;
  if (field.fieldKind === "message") yield [name, message.get(field)];
  else if (field.fieldKind === "list" && field.listKind === "message") {
    let i = 0;
    for (const item of message.get(field)) yield [`${name}[${i++}]`, item as ReflectMessage];
  } else if (field.fieldKind === "map" && field.mapKind === "message")
    for (const [key, value] of message.get(field)) {
      const quoted = typeof key === "string" ? JSON.stringify(key) : String(key);
      yield [`${name}[${quoted}]`, value as ReflectMessage];
    }
}

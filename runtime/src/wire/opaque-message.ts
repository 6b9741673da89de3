// A message that a BFF passes on unread: its bytes, checked. Its fields are decoded when code, such as that for JSON,
// reads them.
import type { DescMessage } from "@bufbuild/protobuf";

/** The class of a type's messages has its fields as accessors; once one is used, all are properties of the message itself. */
class OpaqueMessage {
  readonly $typeName: string;
  #bytes: Uint8Array | undefined;

  constructor(typeName: string, bytes: Uint8Array) {
    this.$typeName = typeName;
    this.#bytes = bytes;
  }
  static bytesOf(message: object): Uint8Array | undefined {
    return #bytes in message ? message.#bytes : undefined;
  }
  static open(message: OpaqueMessage, schema: DescMessage, read: ReadMessage): void {
    const bytes = message.#bytes;
    if (bytes === undefined) return;
    message.#bytes = undefined;
    for (const [name, value] of Object.entries(read(schema, bytes))) put(message, name, value);
  }
}

/** Returns the bytes of a message of which no field was read. */
export const opaqueBytes = (message: object): Uint8Array | undefined => OpaqueMessage.bytesOf(message);

type PassedClass = new (typeName: string, bytes: Uint8Array) => object;
const classes = new WeakMap<DescMessage, PassedClass>();

type ReadMessage = (schema: DescMessage, bytes: Uint8Array) => object;

/**
 * @param bytes of a message of that type, checked
 * @param read decodes them; always the same function
 */
export function opaqueMessage(schema: DescMessage, bytes: Uint8Array, read: ReadMessage): object {
  let its = classes.get(schema);
  if (its === undefined) {
    its = classOf(schema, read);
    classes.set(schema, its);
  }
  return new its(schema.typeName, bytes);
}

function classOf(schema: DescMessage, read: ReadMessage): PassedClass {
  const its = class extends OpaqueMessage {};
  for (const name of ["$unknown", ...schema.members.map(({ localName }) => localName)]) {
    Object.defineProperty(its.prototype, name, {
      configurable: true,
      get(this: OpaqueMessage) {
        OpaqueMessage.open(this, schema, read);
        return Object.getOwnPropertyDescriptor(this, name)?.value;
      },
      set(this: OpaqueMessage, value: unknown) {
        OpaqueMessage.open(this, schema, read);
        put(this, name, value);
      },
    });
  }
  return its;
}

function put(message: OpaqueMessage, name: string, value: unknown): void {
  Object.defineProperty(message, name, { value, configurable: true, enumerable: true, writable: true });
}

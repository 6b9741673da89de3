// Elements of an upstream that a BFF uses, found in descriptors alone: the account of the drift tests beside the lock.
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { enumsOf, messagesOf } from "./edits.ts";

export class Uses {
  readonly names = new Set<string>();
  readonly #messages: ReadonlyMap<string, DescriptorProto>;
  readonly #enums: ReturnType<typeof enumsOf>;

  constructor(files: readonly FileDescriptorProto[]) {
    this.#messages = messagesOf(files);
    this.#enums = enumsOf(files);
  }

  field(message: string, name: string): void {
    this.names.add(`${message}.${name}`);
  }

  /** All values of an enum. */
  enumWhole(name: string): void {
    for (const value of this.#enums.get(name)?.value ?? []) this.names.add(`${name}.${value.name}`);
  }

  /** A message with all that it can contain. */
  whole(name: string): void {
    const open = [name];
    const seen = new Set<string>();
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const desc = this.#messages.get(at);
      if (desc === undefined || seen.has(at)) continue;
      seen.add(at);
      for (const field of desc.field) {
        // The lock has no elements for entries of maps.
        if (desc.options?.mapEntry !== true) this.field(at, field.name);
        this.#typeOf(field, open);
      }
    }
  }

  #typeOf({ type, typeName }: FieldDescriptorProto, open: string[]): void {
    const name = typeName.slice(1);
    if (type === Type.ENUM) this.enumWhole(name);
    else if (name !== "") open.push(name);
  }
}

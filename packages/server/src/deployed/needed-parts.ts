// Decodes the parts of descriptors that a comparison needs. Whole descriptors of thousands of types would block the
// event loop, in protobuf-es as well.
import { create, createFileRegistry, type FileRegistry } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type EnumDescriptorProto,
  EnumDescriptorProtoSchema,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FileOptionsSchema,
  MessageOptionsSchema,
  OneofDescriptorProtoSchema,
  ServiceDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import { NamedSchema, type ShallowFile, type ShallowMessage } from "../gen/bff/shallow/v1/shallow_pb.ts";

/**
 * Returns some messages, enums, services and extensions, and the types to which they refer, which are empty.
 *
 * @param files each after its imports
 * @param complete full names of those that are not empty
 * @throws for files that contradict each other
 */
export function neededParts(files: readonly ShallowFile[], complete: ReadonlySet<string>): FileRegistry {
  const known = new Map(files.flatMap((file) => [...namesOf(file)]));
  const parts = new NeededParts(known, complete);
  for (const name of complete) parts.need(name);
  const set = files.map((file) => {
    const scope = scopeOf(file.package);
    const services = file.service.filter((bytes) => complete.has(scope + nameIn(bytes)));
    const service = services.map((bytes) => readMessage(ServiceDescriptorProtoSchema, bytes));
    for (const { method } of service)
      for (const { inputType, outputType } of method)
        for (const type of [inputType, outputType]) parts.need(type.slice(1));
    return { file, service };
  });
  const file = set.map(({ file, service }) =>
    create(FileDescriptorProtoSchema, {
      name: file.name,
      package: file.package,
      dependency: file.dependency,
      syntax: file.syntax,
      edition: file.edition,
      ...(file.options.length > 0 && { options: readMessage(FileOptionsSchema, file.options) }),
      service,
      messageType: parts.messages(file.messageType, scopeOf(file.package)),
      enumType: parts.enums(file.enumType, scopeOf(file.package)),
      extension: file.extension.flatMap((bytes) =>
        complete.has(scopeOf(file.package) + nameIn(bytes)) ? [readMessage(FieldDescriptorProtoSchema, bytes)] : [],
      ),
    }),
  );
  return createFileRegistry(create(FileDescriptorSetSchema, { file }));
}

class NeededParts {
  readonly #known: ReadonlyMap<string, ShallowMessage | undefined>;
  readonly #complete: ReadonlySet<string>;
  /** Full names of the needed types, and of the messages around them; decoded members of messages that have some. */
  readonly #needed = new Map<string, Pick<DescriptorProto, "field" | "oneofDecl" | "options"> | undefined>();

  constructor(known: ReadonlyMap<string, ShallowMessage | undefined>, complete: ReadonlySet<string>) {
    this.#known = known;
    this.#complete = complete;
  }

  /** Adds a type, and if it is not to be empty, the types to which it refers. */
  need(first: string): void {
    const open = [first];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (this.#needed.has(name) || !this.#known.has(name)) continue;
      const message = this.#known.get(name);
      const decoded = message === undefined ? undefined : this.#decoded(name, message);
      this.#needed.set(name, decoded);
      const around = name.slice(0, Math.max(0, name.lastIndexOf(".")));
      open.push(
        around,
        ...(decoded?.field ?? []).flatMap(({ typeName }) => (typeName === "" ? [] : [typeName.slice(1)])),
      );
    }
  }
  #decoded(name: string, { field, oneofDecl, options }: ShallowMessage) {
    const decoded = options.length === 0 ? undefined : readMessage(MessageOptionsSchema, options);
    if (!this.#complete.has(name) && decoded?.mapEntry !== true) return undefined;
    return {
      field: field.map((bytes) => readMessage(FieldDescriptorProtoSchema, bytes)),
      oneofDecl: oneofDecl.map((bytes) => readMessage(OneofDescriptorProtoSchema, bytes)),
      ...(decoded !== undefined && { options: decoded }),
    };
  }

  messages(all: readonly ShallowMessage[], scope: string): DescriptorProto[] {
    return all
      .filter(({ name }) => this.#needed.has(scope + name))
      .map(({ name, nestedType, enumType }) =>
        create(DescriptorProtoSchema, {
          ...this.#needed.get(scope + name),
          name,
          nestedType: this.messages(nestedType, `${scope}${name}.`),
          enumType: this.enums(enumType, `${scope}${name}.`),
        }),
      );
  }
  enums(all: readonly Uint8Array[], scope: string): EnumDescriptorProto[] {
    return all
      .filter((bytes) => this.#needed.has(scope + nameIn(bytes)))
      .map((bytes) => readMessage(EnumDescriptorProtoSchema, bytes));
  }
}

const scopeOf = (name: string): string => (name === "" ? "" : `${name}.`);
const nameIn = (bytes: Uint8Array): string => readMessage(NamedSchema, bytes).name;

/** The full names of all types of a file; messages with their parts. */
function* namesOf(file: ShallowFile): Iterable<readonly [string, ShallowMessage | undefined]> {
  const open = file.messageType.map((message) => ({ message, scope: scopeOf(file.package) }));
  for (const bytes of file.enumType) yield [scopeOf(file.package) + nameIn(bytes), undefined];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { message, scope } = at;
    yield [scope + message.name, message];
    for (const bytes of message.enumType) yield [`${scope}${message.name}.${nameIn(bytes)}`, undefined];
    open.push(...message.nestedType.map((nested) => ({ message: nested, scope: `${scope}${message.name}.` })));
  }
}

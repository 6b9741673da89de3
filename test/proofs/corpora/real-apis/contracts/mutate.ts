// Changes a set of descriptors once, as an author might: a description, and the names of the changed elements.
import { clone } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  MethodOptions_IdempotencyLevel as Level,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

export interface Mutation {
  readonly kind: string;
  readonly set: FileDescriptorSet;
  /** Names as the lock has them. */
  readonly touches: ReadonlySet<string>;
}

interface Named<T> {
  readonly name: string;
  readonly desc: T;
}

/** @param next a number from 0, below the one given */
export function mutate(
  original: FileDescriptorSet,
  filePattern: RegExp,
  next: (below: number) => number,
): Mutation | undefined {
  const set = clone(FileDescriptorSetSchema, original);
  const files = set.file.filter(({ name }) => filePattern.test(name));
  const messages = files.flatMap((file) => messagesIn(file.messageType, file.package));
  const enums = [
    ...files.flatMap((file) => file.enumType.map((desc) => ({ name: `${file.package}.${desc.name}`, desc }))),
    ...messages.flatMap(({ name, desc }) =>
      desc.enumType.map((enumType) => ({ name: `${name}.${enumType.name}`, desc: enumType })),
    ),
  ];
  const services = files.flatMap((file) =>
    file.service.map((desc) => ({ name: `${file.package}.${desc.name}`, desc })),
  );
  const pick = <T>(list: readonly T[]): T | undefined => list[next(list.length || 1)];
  const kind = pick(Object.keys(KINDS)) ?? "";
  const touches = KINDS[kind]?.({ set, messages, enums, services, pick });
  return touches === undefined ? undefined : { kind, set, touches: new Set(touches) };
}

function messagesIn(all: readonly DescriptorProto[], above: string): Named<DescriptorProto>[] {
  return all
    .filter(({ options }) => options?.mapEntry !== true)
    .flatMap((desc) => {
      const name = `${above}.${desc.name}`;
      return [{ name, desc }, ...messagesIn(desc.nestedType, name)];
    });
}

interface World {
  readonly set: FileDescriptorSet;
  readonly messages: readonly Named<DescriptorProto>[];
  readonly enums: readonly Named<EnumDescriptorProto>[];
  readonly services: readonly Named<FileDescriptorSet["file"][number]["service"][number]>[];
  readonly pick: <T>(list: readonly T[]) => T | undefined;
}
/** Returns the names of the changed elements; undefined if the change does not apply. */
type Kind = (world: World) => readonly string[] | undefined;

const ofField =
  (change: (field: DescriptorProto["field"][number], message: DescriptorProto) => boolean): Kind =>
  ({ messages, pick }) => {
    const message = pick(messages.filter(({ desc }) => desc.field.length > 0));
    const field = message && pick(message.desc.field);
    if (message === undefined || field === undefined || !change(field, message.desc)) return undefined;
    return [message.name, `${message.name}.${fieldNames.get(field) ?? field.name}`];
  };
/** Names of fields before they were renamed. */
const fieldNames = new WeakMap<object, string>();

const ofValue =
  (change: (value: EnumDescriptorProto["value"][number], desc: EnumDescriptorProto) => void): Kind =>
  ({ enums, pick }) => {
    const type = pick(enums.filter(({ desc }) => desc.value.length > 2 && desc.options?.allowAlias !== true));
    const value = type && pick(type.desc.value.filter(({ number }) => number !== 0));
    if (type === undefined || value === undefined) return undefined;
    const name = `${type.name}.${value.name}`;
    change(value, type.desc);
    return [name];
  };

const ofMethod =
  (change: (method: World["services"][number]["desc"]["method"][number], world: World) => boolean): Kind =>
  (world) => {
    const service = world.pick(world.services);
    const method = service && world.pick(service.desc.method);
    if (service === undefined || method === undefined) return undefined;
    const name = `${service.name}/${method.name}`;
    return change(method, world) ? [name] : undefined;
  };

const isScalar = ({ type }: { readonly type: Type }): boolean =>
  type !== Type.MESSAGE && type !== Type.GROUP && type !== Type.ENUM;

const KINDS: Readonly<Record<string, Kind>> = {
  "remove a field": ofField((field, message) => {
    if (hasOneof(field, message)) return false;
    message.field.splice(message.field.indexOf(field), 1);
    return true;
  }),
  "rename a field": ofField((field) => {
    fieldNames.set(field, field.name);
    field.name = `${field.name}_renamed`;
    field.jsonName = `${field.jsonName}Renamed`;
    return true;
  }),
  "renumber a field": ofField((field) => {
    field.number = 15_000;
    return true;
  }),
  "retype a field": ofField((field) => {
    if (!isScalar(field) || field.defaultValue !== "") return false;
    field.type = field.type === Type.STRING ? Type.INT64 : Type.STRING;
    return true;
  }),
  "repeat a field, or not": ofField((field, message) => {
    if (hasOneof(field, message) || field.label === Label.REQUIRED || isMapEntry(field, message)) return false;
    field.label = field.label === Label.REPEATED ? Label.OPTIONAL : Label.REPEATED;
    return true;
  }),
  "another name in JSON": ofField((field) => {
    field.jsonName = `${field.jsonName}Other`;
    return true;
  }),
  "move a field into a oneof": ofField((field, message) => {
    if (field.label === Label.REPEATED || message.oneofDecl.length > 0) return false;
    message.oneofDecl.push({ $typeName: "google.protobuf.OneofDescriptorProto", name: "made_of_it" });
    field.oneofIndex = 0;
    return true;
  }),
  "remove a value": ofValue((value, type) => void type.value.splice(type.value.indexOf(value), 1)),
  "rename a value": ofValue((value) => {
    value.name = `${value.name}_RENAMED`;
  }),
  "renumber a value": ofValue((value) => {
    value.number = 15_000;
  }),
  "remove a method": ({ services, pick }) => {
    const service = pick(services.filter(({ desc }) => desc.method.length > 1));
    const method = service && pick(service.desc.method);
    if (service === undefined || method === undefined) return undefined;
    service.desc.method.splice(service.desc.method.indexOf(method), 1);
    return [`${service.name}/${method.name}`];
  },
  "rename a method": ofMethod((method) => {
    method.name = `${method.name}Renamed`;
    return true;
  }),
  "a method that streams": ofMethod((method) => {
    method.serverStreaming = !method.serverStreaming;
    return true;
  }),
  "another request": ofMethod((method, { services, pick }) => {
    // One of the same file can be seen there.
    const other = pick(services.find(({ desc }) => desc.method.includes(method))?.desc.method ?? []);
    if (other === undefined || other.inputType === method.inputType) return false;
    method.inputType = other.inputType;
    return true;
  }),
  "no idempotency any more": ofMethod((method) => {
    if (method.options === undefined || method.options.idempotencyLevel !== Level.NO_SIDE_EFFECTS) return false;
    method.options.idempotencyLevel = Level.IDEMPOTENCY_UNKNOWN;
    return true;
  }),
  "rename a message": ({ set, messages, pick }) => {
    const message = pick(messages);
    if (message === undefined) return undefined;
    const to = `${message.name}Renamed`;
    message.desc.name = `${message.desc.name}Renamed`;
    return [message.name, ...repoint(set, `.${message.name}`, `.${to}`)];
  },
  "rename a service": ({ services, pick }) => {
    const service = pick(services);
    if (service === undefined) return undefined;
    const touched = service.desc.method.map(({ name }) => `${service.name}/${name}`);
    service.desc.name = `${service.desc.name}Renamed`;
    return touched;
  },
};

/**
 * Reports whether a field is a member of a oneof, including a synthetic one: in a descriptor only the index's presence
 * shows it.
 */
function hasOneof(field: DescriptorProto["field"][number], message: DescriptorProto): boolean {
  return message.oneofDecl.length > 0 && Object.hasOwn(field, "oneofIndex");
}
function isMapEntry({ typeName }: { readonly typeName: string }, message: DescriptorProto): boolean {
  return message.nestedType.some(({ name, options }) => options?.mapEntry === true && typeName.endsWith(`.${name}`));
}

/** References to a type, and to those in it; gives what has referred to it. */
function repoint(set: FileDescriptorSet, from: string, to: string): string[] {
  const touched: string[] = [];
  const pointed = (name: string): string =>
    name === from || name.startsWith(`${from}.`) ? `${to}${name.slice(from.length)}` : name;
  for (const file of set.file) {
    for (const { name, desc } of messagesWithEntries(file.messageType, file.package)) {
      for (const field of desc.field) {
        if (pointed(field.typeName) === field.typeName) continue;
        field.typeName = pointed(field.typeName);
        touched.push(`${name}.${field.name}`);
      }
      for (const extension of desc.extension) extension.extendee = pointed(extension.extendee);
    }
    for (const service of file.service)
      for (const method of service.method) {
        const before = [method.inputType, method.outputType];
        [method.inputType, method.outputType] = [pointed(method.inputType), pointed(method.outputType)];
        if (before[0] !== method.inputType || before[1] !== method.outputType)
          touched.push(`${file.package}.${service.name}/${method.name}`);
      }
  }
  return touched;
}
function messagesWithEntries(all: readonly DescriptorProto[], above: string): Named<DescriptorProto>[] {
  return all.flatMap((desc) => {
    const name = `${above}.${desc.name}`;
    return [{ name, desc }, ...messagesWithEntries(desc.nestedType, name)];
  });
}

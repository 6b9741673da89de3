// Random changes of an upstream, made in its descriptors, with the elements that each concerns.
import { create } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FieldDescriptorProto_Label as Label,
  OneofDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { pick } from "../../../proofs/fuzz/random.ts";

export type Random = () => number;

export interface Edit {
  /** "up.v1.Item.name is removed" */
  readonly text: string;
  /** Elements of which at least one is reported if any is used. */
  readonly concerns: readonly string[];
  /** Changes the descriptors. */
  readonly apply: () => void;
}

interface InMessage {
  readonly name: string;
  readonly desc: DescriptorProto;
}
interface InEnum {
  readonly name: string;
  readonly desc: EnumDescriptorProto;
}

const isMapEntry = ({ desc }: InMessage): boolean => desc.options?.mapEntry === true;

function* messagesIn(prefix: string, all: readonly DescriptorProto[]): Generator<InMessage> {
  for (const desc of all) {
    const name = `${prefix}.${desc.name}`;
    yield { name, desc };
    yield* messagesIn(name, desc.nestedType);
  }
}

/** All messages of files, map entries included, by their full names. */
export function messagesOf(files: readonly FileDescriptorProto[]): ReadonlyMap<string, DescriptorProto> {
  const all = files.flatMap((file) => [...messagesIn(file.package, file.messageType)]);
  return new Map(all.map(({ name, desc }) => [name, desc]));
}

/** All enums of files by their full names. */
export function enumsOf(files: readonly FileDescriptorProto[]): ReadonlyMap<string, EnumDescriptorProto> {
  const inMessages = files.flatMap((file) => [...messagesIn(file.package, file.messageType)]);
  const all: InEnum[] = [
    ...files.flatMap((file) => file.enumType.map((desc) => ({ name: `${file.package}.${desc.name}`, desc }))),
    ...inMessages.flatMap(({ name, desc }) =>
      desc.enumType.map((inner) => ({ name: `${name}.${inner.name}`, desc: inner })),
    ),
  ];
  return new Map(all.map(({ name, desc }) => [name, desc]));
}

const camel = (name: string): string => name.replace(/_+([a-z])/g, (_, letter: string) => letter.toUpperCase());
/** An unset index reads as 0. */
const oneofOf = (field: FieldDescriptorProto): number | undefined =>
  Object.hasOwn(field, "oneofIndex") ? field.oneofIndex : undefined;
const isAlone = (field: FieldDescriptorProto): boolean => oneofOf(field) === undefined;

function freeNumber(desc: DescriptorProto): number {
  return Math.max(0, ...desc.field.map(({ number }) => number)) + 1;
}

/** Removes a field, and the oneof that loses its last member, as protoc refuses empty ones. */
function remove(desc: DescriptorProto, field: FieldDescriptorProto): void {
  desc.field.splice(desc.field.indexOf(field), 1);
  const index = oneofOf(field);
  if (index === undefined || desc.field.some((other) => oneofOf(other) === index)) return;
  desc.oneofDecl.splice(index, 1);
  for (const other of desc.field) if ((oneofOf(other) ?? 0) > index) other.oneofIndex -= 1;
}

/** Scalars that are no type of each other. */
const OTHER: readonly Type[] = [Type.STRING, Type.BYTES, Type.INT32, Type.DOUBLE, Type.BOOL];

function editOfField({ name: parent, desc }: InMessage, random: Random): Edit | undefined {
  const field = pick(desc.field, random);
  if (field === undefined) return undefined;
  const name = `${parent}.${field.name}`;
  const edit = (what: string, apply: () => void): Edit => ({ text: `${name} ${what}`, concerns: [name], apply });
  const isMap =
    field.type === Type.MESSAGE &&
    desc.nestedType.some((type) => field.typeName === `.${parent}.${type.name}` && type.options?.mapEntry);
  const kinds: (() => Edit | undefined)[] = [
    () => edit("is removed", () => remove(desc, field)),
    () =>
      edit("is renamed", () => {
        field.name = `${field.name}_renamed`;
        field.jsonName = camel(field.name);
      }),
    () => edit("is renumbered", () => (field.number = freeNumber(desc))),
    () =>
      edit("is retyped", () => {
        const type =
          pick(
            OTHER.filter((other) => other !== field.type),
            random,
          ) ?? Type.BYTES;
        field.type = type;
        field.typeName = "";
        field.defaultValue = "";
      }),
    () =>
      isAlone(field) && !isMap && field.label !== Label.REQUIRED
        ? edit("is of another cardinality", () => {
            field.label = field.label === Label.REPEATED ? Label.OPTIONAL : Label.REPEATED;
            field.defaultValue = "";
          })
        : undefined,
    () =>
      isAlone(field) && field.label === Label.OPTIONAL
        ? edit("is in a oneof", () => {
            // Oneofs of `optional` are last.
            for (const other of desc.field) if (oneofOf(other) !== undefined) other.oneofIndex += 1;
            desc.oneofDecl.unshift(create(OneofDescriptorProtoSchema, { name: "added_choice" }));
            field.oneofIndex = 0;
          })
        : undefined,
  ];
  return pick(kinds, random)?.();
}

function editOfEnum({ name: parent, desc }: InEnum, fieldsOfType: readonly string[], random: Random): Edit | undefined {
  const value = pick(desc.value, random);
  const [first] = desc.value;
  if (value === undefined || first === undefined) return undefined;
  const name = `${parent}.${value.name}`;
  const edit = (what: string, apply: () => void): Edit => ({ text: `${name} ${what}`, concerns: [name], apply });
  const free = Math.max(...desc.value.map(({ number }) => number)) + 1;
  const kinds: (() => Edit | undefined)[] = [
    () => ({
      ...edit("is renamed", () => (value.name = `${value.name}_RENAMED`)),
      // The name of the value that an unset field of a closed enum has.
      concerns: value === first && first.number !== 0 ? [name, ...fieldsOfType] : [name],
    }),
    () =>
      value === first ? undefined : edit("is removed", () => void desc.value.splice(desc.value.indexOf(value), 1)),
    () => (value === first ? undefined : edit("is renumbered", () => (value.number = free))),
    // Only closed enums may begin with another value than 0.
    () =>
      first.number === 0 || value === first
        ? undefined
        : {
            text: `${name} is the first value`,
            concerns: fieldsOfType,
            apply: () => desc.value.unshift(...desc.value.splice(desc.value.indexOf(value), 1)),
          },
  ];
  return pick(kinds, random)?.();
}

/** A change of one element, or undefined for one that protoc would refuse. */
export function randomEdit(files: readonly FileDescriptorProto[], random: Random): Edit | undefined {
  const messages = [...messagesOf(files)].map(([name, desc]) => ({ name, desc }));
  const enums = [...enumsOf(files)].map(([name, desc]) => ({ name, desc }));
  if (random() < 0.25 && enums.length > 0) {
    const type = pick(enums, random);
    if (type === undefined) return undefined;
    const fields = messages.flatMap(({ name, desc }) =>
      desc.field
        .filter(
          (field) => field.typeName === `.${type.name}` && field.label === Label.OPTIONAL && field.defaultValue === "",
        )
        .map((field) => `${name}.${field.name}`),
    );
    return editOfEnum(type, fields, random);
  }
  const message = pick(
    messages.filter((candidate) => !isMapEntry(candidate)),
    random,
  );
  return message && editOfField(message, random);
}

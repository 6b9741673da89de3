// Compares the meaning of two descriptors of a file.
import { clone, equals, type Registry } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type EnumDescriptorProto,
  EnumDescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  ServiceDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { jsonNameOf } from "./print-file.ts";

/**
 * Returns the name of the first declaration that differs, or of the file for a difference of the file itself;
 * undefined: none differs.
 */
export function differs(file: FileDescriptorProto, other: FileDescriptorProto, registry: Registry): string | undefined {
  const a = plain(file);
  const b = plain(other);
  const options = { registry, extensions: true };
  if (equals(FileDescriptorProtoSchema, a, b, options)) return undefined;
  const kinds = [
    [DescriptorProtoSchema, a.messageType, b.messageType],
    [EnumDescriptorProtoSchema, a.enumType, b.enumType],
    [FieldDescriptorProtoSchema, a.extension, b.extension],
    [ServiceDescriptorProtoSchema, a.service, b.service],
  ] as const;
  for (const [schema, ones, others] of kinds)
    for (const desc of ones) {
      const same = others.find(({ name }) => name === desc.name);
      if (same === undefined || !equals(schema, desc as never, same as never, options))
        return a.package === "" ? desc.name : `${a.package}.${desc.name}`;
    }
  return a.name;
}

/** Returns a copy without positions and without explicit defaults. */
function plain(file: FileDescriptorProto): FileDescriptorProto {
  const copy = clone(FileDescriptorProtoSchema, file);
  delete copy.$unknown;
  delete copy.sourceCodeInfo;
  if (copy.syntax === "proto2") copy.syntax = "";
  dropEmpty(copy);
  // A group of an extension stands where that does.
  copy.messageType.sort(byName);
  for (const message of copy.messageType) plainMessage(message);
  for (const desc of copy.enumType) plainEnum(desc);
  for (const field of copy.extension) plainField(field);
  for (const service of copy.service) {
    dropEmpty(service);
    for (const method of service.method) {
      dropEmpty(method);
      // An explicit `false` means the same as an absent field.
      if (!method.clientStreaming) Reflect.deleteProperty(method, "clientStreaming");
      if (!method.serverStreaming) Reflect.deleteProperty(method, "serverStreaming");
    }
  }
  return copy;
}

const byName = (message: DescriptorProto, other: DescriptorProto): number => (message.name < other.name ? -1 : 1);

function plainMessage(message: DescriptorProto): void {
  dropEmpty(message);
  for (const field of message.field) nameEntry(field, message);
  // Entries of maps and groups have the order of their fields.
  message.nestedType.sort(byName);
  for (const nested of message.nestedType) plainMessage(nested);
  for (const desc of message.enumType) plainEnum(desc);
  for (const field of [...message.field, ...message.extension]) plainField(field);
  for (const oneof of message.oneofDecl) dropEmpty(oneof);
  // The name of an `optional` field's oneof is the compilers' choice, too.
  for (const field of message.field)
    if (field.proto3Optional) {
      const oneof = message.oneofDecl[field.oneofIndex];
      if (oneof !== undefined) oneof.name = `_${field.name}`;
    }
  for (const range of message.extensionRange) dropEmpty(range);
}

/** Gives the entry of a map a fixed name, because compilers name entries differently. */
function nameEntry(field: FieldDescriptorProto, message: DescriptorProto): void {
  const name = field.typeName.slice(field.typeName.lastIndexOf(".") + 1);
  const entry = message.nestedType.find((message) => message.name === name && message.options?.mapEntry === true);
  if (entry === undefined) return;
  entry.name = `${field.name} entry`;
  field.typeName = `${field.typeName.slice(0, -name.length)}${entry.name}`;
}

function plainEnum(desc: EnumDescriptorProto): void {
  dropEmpty(desc);
  for (const value of desc.value) dropEmpty(value);
}

function plainField(field: FieldDescriptorProto): void {
  dropEmpty(field);
  const isExplicit =
    field.extendee === "" && Object.hasOwn(field, "jsonName") && field.jsonName !== jsonNameOf(field.name);
  if (!isExplicit) Reflect.deleteProperty(field, "jsonName");
  for (const name of ["extendee", "typeName"] as const) if (field[name] === "") Reflect.deleteProperty(field, name);
  if (!field.proto3Optional) Reflect.deleteProperty(field, "proto3Optional");
}

/** Removes options without content, because they mean the same as absent options. */
function dropEmpty(desc: { options?: object | undefined }): void {
  const { options } = desc;
  if (options === undefined) return;
  const hasContent = Object.entries(options).some(
    ([name, value]) => name !== "$typeName" && !(Array.isArray(value) && value.length === 0),
  );
  if (!hasContent) Reflect.deleteProperty(desc, "options");
}

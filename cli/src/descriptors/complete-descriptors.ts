// Completes the descriptors of protobuf.js. Its names of types are relative, which descriptor.proto allows and few
// readers support. An `optional` field of proto3 is a oneof there.
import { clone } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { jsonNameOf } from "./print-file.ts";

/**
 * Returns files in which names of types are absolute, `.pkg.Message`, and `optional` fields are marked. An unresolvable
 * name stays unchanged.
 */
export function mended(files: readonly FileDescriptorProto[]): readonly FileDescriptorProto[] {
  const kinds = new Map<string, typeof Type.MESSAGE | typeof Type.ENUM>();
  for (const file of files) {
    for (const message of file.messageType) declare(message, joined(file.package, message.name), kinds);
    for (const enumeration of file.enumType) kinds.set(joined(file.package, enumeration.name), Type.ENUM);
  }
  return files.map((file) => qualifiedFile(file, kinds));
}

type Kinds = Map<string, typeof Type.MESSAGE | typeof Type.ENUM>;

const joined = (scope: string, name: string): string => (scope === "" ? name : `${scope}.${name}`);

function declare(message: DescriptorProto, name: string, kinds: Kinds): void {
  kinds.set(name, Type.MESSAGE);
  for (const nested of message.nestedType) declare(nested, joined(name, nested.name), kinds);
  for (const enumeration of message.enumType) kinds.set(joined(name, enumeration.name), Type.ENUM);
}

function qualifiedFile(file: FileDescriptorProto, kinds: Kinds): FileDescriptorProto {
  const copy = clone(FileDescriptorProtoSchema, file);
  const found = (name: string, scope: string): string => {
    if (name === "" || name.startsWith(".")) return name;
    // From the inside out, as in C++.
    for (let at = scope; ; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
      if (kinds.has(joined(at, name))) return `.${joined(at, name)}`;
      if (at === "") return name;
    }
  };
  const field = (field: FieldDescriptorProto, scope: string): void => {
    if (field.extendee !== "") field.extendee = found(field.extendee, scope);
    if (field.typeName === "") return;
    field.typeName = found(field.typeName, scope);
    // A descriptor with relative names may lack the kind of the type, too.
    if (!Object.hasOwn(field, "type")) field.type = kinds.get(field.typeName.slice(1)) ?? Type.MESSAGE;
  };
  const message = (desc: DescriptorProto, name: string): void => {
    for (const nested of desc.nestedType) message(nested, joined(name, nested.name));
    for (const each of [...desc.field, ...desc.extension]) field(each, name);
    // grpc-js gives a reserved number as an empty range.
    for (const range of desc.reservedRange) range.end = Math.max(range.end, range.start + 1);
    if (copy.syntax === "proto3") optionals(desc);
  };
  for (const desc of copy.messageType) message(desc, joined(copy.package, desc.name));
  for (const extension of copy.extension) field(extension, copy.package);
  for (const { method } of copy.service)
    for (const rpc of method) {
      rpc.inputType = found(rpc.inputType, copy.package);
      rpc.outputType = found(rpc.outputType, copy.package);
    }
  return copy;
}

/**
 * Marks `optional` fields. Compilers generate a oneof `_name` with `name` as its only member, and authors do not write
 * such a oneof.
 */
function optionals(message: DescriptorProto): void {
  for (const [i, { name: oneof }] of message.oneofDecl.entries()) {
    const members = message.field.filter((field) => Object.hasOwn(field, "oneofIndex") && field.oneofIndex === i);
    const [only] = members;
    if (only === undefined || members.length > 1 || !oneof.startsWith("_")) continue;
    if (oneof.slice(1) === only.name || jsonNameOf(oneof.slice(1)) === only.name) only.proto3Optional = true;
  }
}

// Descriptors as clients may see them: what a field is, not how the BFF comes by it.
import { clone, type DescFile, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** The file that declares the options of BFFs. Other files of its package are messages that clients get. */
const OPTIONS = "bff/v1/options.proto";
/** Number of each option that it declares, in the options of protobuf. */
export const OPTION = 61_001;

export function isPublic(file: DescFile): boolean {
  return file.proto.name !== OPTIONS;
}

/** The files that it imports, less the options' own. */
export function publicDependencies(file: DescFile): readonly DescFile[] {
  return file.dependencies.filter(isPublic);
}

/**
 * A google.protobuf.FileDescriptorProto without the options of `bff.v1`, and without the import of the file that declares them. Other
 * options, such as google.api.http, stay.
 */
export function publicBytes(file: DescFile): Uint8Array {
  if (file.dependencies.every(isPublic)) return toBinary(FileDescriptorProtoSchema, file.proto);
  const proto = clone(FileDescriptorProtoSchema, file.proto);
  withoutImport(proto);
  strip(proto);
  return toBinary(FileDescriptorProtoSchema, proto);
}

function withoutImport(proto: FileDescriptorProto): void {
  const at = proto.dependency.indexOf(OPTIONS);
  proto.dependency.splice(at, 1);
  // These name places in the list of imports.
  const moved = (places: readonly number[]): number[] =>
    places.filter((place) => place !== at).map((place) => (place > at ? place - 1 : place));
  proto.publicDependency = moved(proto.publicDependency);
  proto.weakDependency = moved(proto.weakDependency);
}

interface Described {
  $typeName: string;
  $unknown?: { readonly no: number }[];
  [name: string]: unknown;
}

const isDescribed = (value: unknown): value is Described =>
  typeof value === "object" && value !== null && "$typeName" in value;

/** Removes the options of BFFs from everything below; options that were nothing else go. */
function strip(message: object): void {
  for (const [name, value] of Object.entries(message)) {
    for (const item of Array.isArray(value) ? value : [value]) if (isDescribed(item)) strip(item);
    if (!isDescribed(value) || value.$unknown === undefined) continue;
    if (!/^google\.protobuf\.\w+Options$/.test(value.$typeName)) continue;
    value.$unknown = value.$unknown.filter(({ no }) => no !== OPTION);
    if (isEmpty(value)) Reflect.deleteProperty(message, name);
  }
}

function isEmpty({ $typeName, $unknown = [], ...fields }: Described): boolean {
  return (
    $typeName !== "" &&
    $unknown.length === 0 &&
    Object.values(fields).every((value) => Array.isArray(value) && value.length === 0)
  );
}

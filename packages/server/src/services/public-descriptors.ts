// Descriptors as clients may see them: what a field is, not how the BFF comes by it.
import { clone, type DescFile, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** The package of the options of BFFs, and the file that declares them. Its other files are messages that clients get. */
const PACKAGE = "bff.v1";
const OPTIONS = "bff/v1/options.proto";

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
  const options = file.dependencies.find((dependency) => !isPublic(dependency));
  if (options === undefined) return toBinary(FileDescriptorProtoSchema, file.proto);
  const proto = clone(FileDescriptorProtoSchema, file.proto);
  withoutImport(proto);
  const numbers = new Map<string, Set<number>>();
  for (const type of nestedTypes(options)) {
    if (type.kind !== "extension" || type.file.proto.package !== PACKAGE) continue;
    const { typeName } = type.extendee;
    numbers.set(typeName, (numbers.get(typeName) ?? new Set()).add(type.number));
  }
  strip(proto, numbers);
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

/** Takes the extensions with these numbers, by the message that they extend, out of everything below; options that were nothing else go. */
function strip(message: object, numbers: ReadonlyMap<string, ReadonlySet<number>>): void {
  for (const [name, value] of Object.entries(message)) {
    for (const item of Array.isArray(value) ? value : [value]) if (isDescribed(item)) strip(item, numbers);
    if (!isDescribed(value) || value.$unknown === undefined) continue;
    const hidden = numbers.get(value.$typeName);
    if (hidden === undefined) continue;
    value.$unknown = value.$unknown.filter(({ no }) => !hidden.has(no));
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

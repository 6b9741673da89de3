import { createHash } from "node:crypto";
import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** Returns the files of these services, and their imports. */
export function filesOf(services: readonly DescService[]): ReadonlyMap<string, DescFile> {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file.name)) return;
    files.set(file.name, file);
    for (const other of file.dependencies) add(other);
  };
  for (const { file } of services) add(file);
  return files;
}

/** Packages that declare options. An upgrade changes them, and no rpc. */
const OPTIONS: readonly string[] = ["bff.v1", "buf.validate", "google.api"];

/** Returns a digest of the files of these services and of their imports, with all options but their declarations. */
export function digestOf(services: readonly DescService[]): string {
  const hash = createHash("sha256");
  for (const [name, { proto }] of [...filesOf(services)].sort(([a], [b]) => (a < b ? -1 : 1)))
    if (!OPTIONS.includes(proto.package) && name !== "google/protobuf/descriptor")
      hash.update(name).update(toBinary(FileDescriptorProtoSchema, proto));
  return hash.digest("hex").slice(0, 32);
}

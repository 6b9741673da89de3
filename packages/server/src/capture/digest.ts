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

/** Returns a digest of the files of these services and of their imports, with all options. */
export function digestOf(services: readonly DescService[]): string {
  const hash = createHash("sha256");
  for (const [name, { proto }] of [...filesOf(services)].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(name).update(toBinary(FileDescriptorProtoSchema, proto));
  return hash.digest("hex").slice(0, 32);
}

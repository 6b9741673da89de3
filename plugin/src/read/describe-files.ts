// Descriptors of a request's files. Editors and `protobff dev` compile again after a change of one file.
import { create, createFileRegistry, type DescFile } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Descriptors from earlier requests of this process. */
const earlier = new WeakMap<FileDescriptorProto, DescFile>();
/** protobuf-es walks each path of imports below a file that it adds to others. With more paths, all files are new. */
const MAX_PATHS = 10_000;

/**
 * Returns the descriptors of files, dependencies first as in the request. Throws for names that are no identifiers, and
 * for missing imports. A file that an earlier request had with the same imports keeps its descriptor: its object must not
 * have changed since.
 */
export function describeFiles(protos: readonly FileDescriptorProto[]): readonly DescFile[] {
  const described = new Map<string, DescFile>();
  for (const proto of protos) {
    const file = earlier.get(proto);
    if (file?.dependencies.every((dependency) => described.get(dependency.proto.name) === dependency))
      described.set(proto.name, file);
  }
  if (described.size === 0 || pathsOf(protos) > MAX_PATHS) return remembered(describedTogether(protos));
  for (const proto of protos.filter(({ name }) => !described.has(name))) {
    const file = createFileRegistry(proto, (name) => described.get(name)).getFile(proto.name);
    if (file !== undefined) described.set(proto.name, file);
  }
  return remembered(protos.flatMap(({ name }) => described.get(name) ?? []));
}

function describedTogether(file: readonly FileDescriptorProto[]): readonly DescFile[] {
  return [...createFileRegistry(create(FileDescriptorSetSchema, { file: [...file] })).files];
}

function remembered(files: readonly DescFile[]): readonly DescFile[] {
  for (const file of files) earlier.set(file.proto, file);
  return files;
}

/** Returns the largest number of import paths below a file. */
function pathsOf(protos: readonly FileDescriptorProto[]): number {
  const paths = new Map<string, number>();
  let most = 0;
  for (const { name, dependency } of protos) {
    const below = dependency.reduce((sum, imported) => sum + (paths.get(imported) ?? 0), 1);
    paths.set(name, below);
    most = Math.max(most, below);
  }
  return most;
}

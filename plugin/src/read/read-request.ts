import { create, createFileRegistry, createRegistry, type DescFile } from "@bufbuild/protobuf";
import { assertValidNames } from "@bufbuild/protobuf/codegenv2";
import { type CodeGeneratorRequest, type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Schema } from "./read-ir.ts";

/**
 * Returns the descriptors of a request. Files to generate keep options with source retention, which only
 * `source_file_descriptors` has.
 */
export function readRequest(request: CodeGeneratorRequest): Schema {
  const { protoFile, sourceFileDescriptors } = request;
  const complete = new Map(sourceFileDescriptors.map((file) => [file.name, file]));
  for (const file of protoFile) if (complete.has(file.name)) assertValidNames(file);
  const allFiles = describeFiles(protoFile.map((file) => complete.get(file.name) ?? file));
  const targets = new Set(request.fileToGenerate);
  return {
    files: allFiles.filter(({ proto }) => targets.has(proto.name)),
    allFiles,
    registry: createRegistry(...allFiles),
  };
}

// Descriptors of a request's files. Editors and `protobff dev` compile again after a change of one file.

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

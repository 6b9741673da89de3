import { create, createFileRegistry, createRegistry } from "@bufbuild/protobuf";
import { assertValidNames } from "@bufbuild/protobuf/codegenv2";
import { type CodeGeneratorRequest, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Schema } from "./read-ir.ts";

/**
 * Returns the descriptors of a request. Files to generate keep options with source retention, which only
 * `source_file_descriptors` has.
 */
export function readRequest(request: CodeGeneratorRequest): Schema {
  const { protoFile, sourceFileDescriptors } = request;
  for (const file of protoFile) assertValidNames(file);
  const complete = new Map(sourceFileDescriptors.map((file) => [file.name, file]));
  const set = create(FileDescriptorSetSchema, { file: protoFile.map((file) => complete.get(file.name) ?? file) });
  const allFiles = [...createFileRegistry(set).files];
  const targets = new Set(request.fileToGenerate);
  return {
    files: allFiles.filter(({ proto }) => targets.has(proto.name)),
    allFiles,
    registry: createRegistry(...allFiles),
  };
}

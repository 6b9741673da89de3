import { createRegistry } from "@bufbuild/protobuf";
import { assertValidNames } from "@bufbuild/protobuf/codegenv2";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { describeFiles } from "./describe-files.ts";
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

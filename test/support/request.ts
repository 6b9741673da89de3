// Requests as buf would send them, made from protos held in memory.
import { create, createFileRegistry, type DescFile, type FileRegistry } from "@bufbuild/protobuf";
import { type CodeGeneratorRequest, CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { build, type Protos, provided } from "./protos.ts";
import { builtTogether } from "./together.ts";

/**
 * Compiles proto files with buf and gives the request that a plugin would get. `bff/v1/*.proto` and the protos in
 * proto/third_party may be imported. Files not listed in `targets` (default: all given) are only imported. Throws with
 * buf's own output when the protos do not compile.
 */
export function requestFor(files: Protos, targets?: readonly string[]): CodeGeneratorRequest {
  const protoFile = [...(builtTogether(files) ?? build({ ...provided(files), ...files }))];
  const fileToGenerate = [...(targets ?? Object.keys(files))];
  return create(CodeGeneratorRequestSchema, {
    fileToGenerate,
    protoFile,
    sourceFileDescriptors: protoFile.filter((file) => fileToGenerate.includes(file.name)),
  });
}

/**
 * Returns the parameters of `readIr` for a request: descriptors of the targets and of all files, and their registry.
 */
export function schemaOf(request: CodeGeneratorRequest): {
  files: DescFile[];
  allFiles: DescFile[];
  registry: FileRegistry;
} {
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: request.protoFile }));
  // In the order of the request, dependencies first.
  const allFiles = request.protoFile.map((proto) => {
    const file = registry.getFile(proto.name);
    if (file === undefined) throw new Error(`no descriptor for ${proto.name}`);
    return file;
  });
  const files = allFiles.filter((file) => request.fileToGenerate.includes(file.proto.name));
  return { files, allFiles, registry };
}

// Generates messages with protoc-gen-es from a request: their TypeScript, for all files that it needs.
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { protocGenEs } from "@bufbuild/protoc-gen-es/dist/cjs/src/protoc-gen-es-plugin.js";

/** By name. Run in this process: to start it for each of a hundred cases takes minutes. */
export function messagesOf(request: CodeGeneratorRequest): Readonly<Record<string, string>> {
  const all = request.protoFile.map(({ name }) => name);
  const { file, error } = protocGenEs.run({
    ...request,
    fileToGenerate: all.filter((name) => !name.startsWith("google/protobuf/")),
    parameter: "target=ts,import_extension=ts,erasable_syntax=true",
  });
  if (error !== "") throw new Error(error);
  return Object.fromEntries(file.map(({ name, content }) => [name, content]));
}

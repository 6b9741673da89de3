// A codec as it is generated, in this process.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { create, createFileRegistry, type FileRegistry, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { compileCase } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface GeneratedCodec {
  readonly registry: FileRegistry;
  /** Exports of `<file>_codec.ts`. */
  readonly encode: (name: string) => (message: Message) => Buffer;
  readonly decode: (name: string) => (bytes: Uint8Array) => Message;
  /** The folder with everything that was generated. */
  readonly folder: string;
}

/** Generates below `test/.generated`, where the code finds the packages that it imports. */
export async function generateCodec(protos: Readonly<Record<string, string>>, target: string): Promise<GeneratedCodec> {
  const request = requestFor(protos, [target]);
  const { response } = compileCase(request, protos, "import_extension=ts");
  if (response.error !== "") throw new Error(response.error);
  const all = create(CodeGeneratorRequestSchema, {
    fileToGenerate: request.protoFile.map(({ name }) => name).filter((name) => !name.startsWith("google/protobuf/")),
    protoFile: request.protoFile,
    parameter: "target=ts,import_extension=ts,erasable_syntax=true",
  });
  const output = execFileSync(process.execPath, [join(root, "node_modules/.bin/protoc-gen-es")], {
    input: toBinary(CodeGeneratorRequestSchema, all),
  });
  const folder = join(root, `test/.generated/codec-${process.pid}-${target.split("/")[0]}`);
  rmSync(folder, { recursive: true, force: true });
  for (const { name, content } of [...response.file, ...fromBinary(CodeGeneratorResponseSchema, output).file]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const module = (await import(pathToFileURL(join(folder, target.replace(/\.proto$/, "_codec.ts"))).href)) as Record<
    string,
    never
  >;
  const named = (name: string): never => {
    const found = module[name];
    if (found === undefined) throw new Error(`the codec has no ${name}`);
    return found;
  };
  return {
    registry: createFileRegistry(create(FileDescriptorSetSchema, { file: request.protoFile })),
    encode: (name) => named(`encode${name}`),
    decode: (name) => named(`decode${name}`),
    folder,
  };
}

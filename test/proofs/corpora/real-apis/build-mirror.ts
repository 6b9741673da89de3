// A family's mirror, generated: what a user's project would have.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, type DescService, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from "@grpc/proto-loader";
import { compileCase } from "../../../support/golden.ts";
import { requestFor, schemaOf } from "../../../support/request.ts";
import { type Mirror, mirror } from "./mirror.ts";
import { type Family, protosOf } from "./packages.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

export interface Built extends Mirror {
  readonly services: readonly DescService[];
  /** Messages of the BFF, by rpc. */
  readonly mirrored: ReadonlyMap<string, DescService["methods"][number]>;
  readonly server: string;
  /** protobufjs's view of all. */
  readonly definition: PackageDefinition;
}

/** Compiles the mirror of a family. `change` returns another text of its proto. */
export function compileMirror(
  family: Family,
  change: (proto: string) => string = (proto) => proto,
  parameter = "import_extension=ts,server=true",
) {
  const all = protosOf(family);
  const upstream = schemaOf(requestFor(all));
  const services = upstream.allFiles.flatMap((file) => (family.files.test(`${file.name}.proto`) ? file.services : []));
  const copy = mirror(family.name, services);
  const name = `mirror/${family.name}.proto`;
  const proto = change(copy.proto);
  const request = needed(requestFor({ ...all, [name]: proto }, [name]), [
    name,
    ...services.map(({ file }) => `${file.name}.proto`),
  ]);
  const { response, diagnostics } = compileCase(request, { [name]: proto }, parameter);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (response.error !== "") throw new Error(`${errors.length} errors: ${response.error.slice(0, 4_000)}`);
  return { services, copy, request, response };
}

/** @param folder where its code goes */
export function build(family: Family, folder: string): Built {
  const { services, copy, request, response } = compileMirror(family);
  write(folder, response.file);
  write(folder, protobufEs(request));
  const set = create(FileDescriptorSetSchema, { file: request.protoFile });
  const bff = schemaOf(request).registry;
  const methods = [...bff].flatMap((desc) => (desc.kind === "service" ? desc.methods : []));
  return {
    ...copy,
    services,
    mirrored: new Map(methods.map((method) => [`/${method.parent.typeName}/${method.name}`, method])),
    server: join(folder, "mirror/server.ts"),
    definition: loadFileDescriptorSetFromBuffer(Buffer.from(toBinary(FileDescriptorSetSchema, set)), {
      keepCase: true,
      longs: String,
    }),
  };
}

/** Only those files and what they import. */
export function needed(request: CodeGeneratorRequest, names: readonly string[]): CodeGeneratorRequest {
  const fileNames = new Set(names);
  for (const name of fileNames)
    for (const imported of request.protoFile.find((file) => file.name === name)?.dependency ?? [])
      fileNames.add(imported);
  return { ...request, protoFile: request.protoFile.filter(({ name }) => fileNames.has(name)) };
}

function protobufEs(request: CodeGeneratorRequest) {
  const fileToGenerate = request.protoFile
    .map(({ name }) => name)
    .filter((name) => !name.startsWith("google/protobuf/"));
  const parameter = "target=ts,import_extension=ts,erasable_syntax=true";
  const input = create(CodeGeneratorRequestSchema, { fileToGenerate, protoFile: request.protoFile, parameter });
  const output = execFileSync(process.execPath, [join(root, "node_modules/.bin/protoc-gen-es")], {
    input: toBinary(CodeGeneratorRequestSchema, input),
    maxBuffer: 256 << 20,
  });
  return fromBinary(CodeGeneratorResponseSchema, output).file;
}

function write(folder: string, files: readonly { readonly name: string; readonly content: string }[]): void {
  for (const { name, content } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

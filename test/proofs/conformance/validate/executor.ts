// Compiles the messages of the runner's cases with our plugin, as requests of rpcs, and checks the cases with what comes out.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  create,
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  type Message,
  setExtension,
} from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  ServiceOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { file_bff_v1_options, ServiceRuleSchema, service as serviceOption } from "@protobff/messages/options.js";
import { compile } from "../../../../plugin/src/compile.ts";
import { Failure } from "../../../../runtime/src/failure.ts";
import { messagesOf } from "../../../support/messages.ts";
import { type Case, type Result, readSuite } from "./harness.ts";
import { type Samples, samplesOf } from "./samples.ts";

/** Checks the messages of one type; or the reason why it could not be compiled. */
type Checked = { readonly check: (bytes: Uint8Array) => void } | { readonly fault: string };

export class Executor {
  readonly #folder: string;
  /** By the type of the message. */
  readonly #checked = new Map<string, Checked>();
  #compiled = 0;
  /** Samples of each suite. */
  readonly samples: Samples[] = [];

  /** @param folder what is generated goes there; generated code has to find our packages from it */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async answer(request: Uint8Array): Promise<ReadonlyMap<string, Result>> {
    const { files, cases } = readSuite(request);
    const unknown = [...new Set(cases.map(({ type }) => type))].filter((type) => !this.#checked.has(type));
    const set = fromBinary(FileDescriptorSetSchema, files);
    const registry = createFileRegistry(set);
    await this.#compile(unknown, set.file, registry);
    const results = new Map(cases.map((testCase) => [testCase.name, this.#result(testCase)]));
    const types = new Map<string, boolean>();
    for (const { name, type } of cases)
      types.set(type, (types.get(type) ?? false) || results.get(name)?.kind === "success");
    this.samples.push(samplesOf(registry, types));
    return results;
  }

  #result({ type, bytes }: Case): Result {
    const checked = this.#checked.get(type);
    if (checked === undefined) return { kind: "unexpected", message: `${type} is unknown` };
    if ("fault" in checked) return { kind: "compilation", message: checked.fault };
    try {
      checked.check(bytes);
      return { kind: "success" };
    } catch (thrown) {
      if (!(thrown instanceof Failure)) return { kind: "runtime", message: String(thrown) };
      const [detail] = thrown.details;
      if (detail !== undefined && "type" in detail && detail.type === "buf.validate.Violations")
        return { kind: "violations", bytes: detail.value };
      return { kind: "runtime", message: thrown.message };
    }
  }

  /** All at once; where one is at fault, half of them at a time, until it stands alone. */
  async #compile(
    types: readonly string[],
    files: readonly FileDescriptorProto[],
    registry: FileRegistry,
  ): Promise<void> {
    if (types.length === 0) return;
    const descs = types.map((type) => registry.getMessage(type)).filter((desc) => desc !== undefined);
    const fileName = `conformance_${++this.#compiled}.proto`;
    const request = requestFor(fileName, descs, files);
    const { response, diagnostics } = compile(request, () => undefined);
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    if (errors.length === 0) {
      const generated = Object.fromEntries(response.file.map(({ name, content }) => [name, content]));
      await this.#load(join(this.#folder, String(this.#compiled)), fileName, descs, {
        ...messagesOf(request),
        ...generated,
      });
      return;
    }
    const [only] = types;
    if (types.length === 1 && only !== undefined) {
      this.#checked.set(only, { fault: errors.map(({ code, message }) => `${code} ${message}`).join("\n") });
      return;
    }
    const half = Math.ceil(types.length / 2);
    await this.#compile(types.slice(0, half), files, registry);
    await this.#compile(types.slice(half), files, registry);
  }

  async #load(
    folder: string,
    fileName: string,
    descs: readonly DescMessage[],
    files: Readonly<Record<string, string>>,
  ): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    const rules = files[fileName.replace(".proto", "_rules.ts")];
    const checks: Readonly<Record<string, (message: Message) => void>> =
      rules === undefined ? {} : await import(join(folder, fileName.replace(".proto", "_rules.ts")));
    // Only the file with the endpoints links a function to its message.
    const bff = files[fileName.replace(".proto", "_bff.ts")] ?? "";
    for (const [index, desc] of descs.entries()) {
      const name = new RegExp(`method\\.get${index},[\\s\\S]*?\\}\\),`).exec(bff)?.[0];
      const validate = checks[/validate: (\w+)/.exec(name ?? "")?.[1] ?? ""];
      if (validate === undefined) {
        this.#checked.set(desc.typeName, { check: () => {} });
        continue;
      }
      const messages: Readonly<Record<string, DescMessage>> = await import(join(folder, `${desc.file.name}_pb.ts`));
      const schema = Object.values(messages).find(
        (message) => message?.kind === "message" && message.typeName === desc.typeName,
      );
      this.#checked.set(desc.typeName, { check: (bytes) => validate(fromBinary(schema ?? desc, bytes)) });
    }
  }
}

/** A BFF with an rpc for each message: `get0`, `get1`, … */
function requestFor(
  fileName: string,
  descs: readonly DescMessage[],
  files: readonly FileDescriptorProto[],
): CodeGeneratorRequest {
  const options = create(ServiceOptionsSchema);
  setExtension(options, serviceOption, create(ServiceRuleSchema));
  const file = create(FileDescriptorProtoSchema, {
    name: fileName,
    package: "protobff.conformance",
    syntax: "proto3",
    dependency: [...new Set(["bff/v1/options.proto", ...descs.map((desc) => desc.file.proto.name)])],
    messageType: [{ name: "Page" }],
    service: [
      {
        name: "Conformance",
        options,
        method: descs.map((desc, index) => ({
          name: `Get${index}`,
          inputType: `.${desc.typeName}`,
          outputType: ".protobff.conformance.Page",
        })),
      },
    ],
  });
  const known = new Set(files.map(({ name }) => name));
  const ours = [...dependencies(file_bff_v1_options)].filter(({ name }) => !known.has(name));
  return create(CodeGeneratorRequestSchema, {
    parameter: "import_extension=ts",
    fileToGenerate: [fileName],
    protoFile: [...files, ...ours, file],
    sourceFileDescriptors: [file],
  });
}

function dependencies(
  file: typeof file_bff_v1_options,
  found = new Set<FileDescriptorProto>(),
): Set<FileDescriptorProto> {
  for (const dependency of file.dependencies) dependencies(dependency, found);
  return found.add(file.proto);
}

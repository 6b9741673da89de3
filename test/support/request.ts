// Requests as buf would send them, made from protos held in memory.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, createFileRegistry, type DescFile, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type CodeGeneratorRequest, CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { bufCommand } from "../../cli/src/project/buf.ts";

/** Thousands of tests start it. */
const BUF = bufCommand();
/** It ends before a collection of its garbage would be worth it. */
const FRUGAL = { ...process.env, GOGC: "off" };
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
/** What users import of this project. */
export const SHIPPED = [
  "bff/v1/options.proto",
  "bff/v1/degradation.proto",
  "bff/v1/identity.proto",
  "bff/v1/stream.proto",
];
/** What stands in proto/third_party. */
export const FOREIGN = [
  "buf/validate/validate.proto",
  "google/api/annotations.proto",
  "google/api/http.proto",
  "google/rpc/error_details.proto",
  "google/rpc/status.proto",
];

/**
 * Compiles proto files (name relative to their module → text) with buf and gives the request that a plugin would get.
 * `bff/v1/*.proto` may be imported, and what stands in proto/third_party. Files not listed in `targets` (default: all given) are only imported.
 * Throws with buf's own output when the protos do not compile.
 */
export function requestFor(files: Readonly<Record<string, string>>, targets?: readonly string[]): CodeGeneratorRequest {
  const dir = mkdtempSync(join(tmpdir(), "protobff-"));
  try {
    const write = (name: string, text: string) => {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    };
    write("buf.yaml", "version: v2\nmodules:\n  - path: app\n  - path: bff\n");
    for (const [name, text] of Object.entries(files)) write(join("app", name), text);
    for (const name of SHIPPED.filter((name) => !(name in files))) {
      mkdirSync(dirname(join(dir, "bff", name)), { recursive: true });
      copyFileSync(join(root, "proto", name), join(dir, "bff", name));
    }
    // These are large: who does not import them need not wait for buf to read them.
    const imports = (what: string) => Object.values(files).some((text) => text.includes(`import "${what}/`));
    const wanted = (name: string) =>
      imports(dirname(name)) || (name === "google/api/http.proto" && imports("google/api"));
    for (const name of FOREIGN.filter((name) => !(name in files) && wanted(name))) {
      mkdirSync(dirname(join(dir, "bff", name)), { recursive: true });
      copyFileSync(join(root, "proto/third_party", name), join(dir, "bff", name));
    }
    const set = join(dir, "set.binpb");
    const [buf, ...args] = BUF;
    execFileSync(buf, [...args, "build", "--as-file-descriptor-set", "-o", set], {
      cwd: dir,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: FRUGAL,
    });
    const protoFile = fromBinary(FileDescriptorSetSchema, readFileSync(set)).file;
    const fileToGenerate = [...(targets ?? Object.keys(files))];
    return create(CodeGeneratorRequestSchema, {
      fileToGenerate,
      protoFile,
      sourceFileDescriptors: protoFile.filter((file) => fileToGenerate.includes(file.name)),
    });
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
    throw output === "" ? error : new Error(`buf build: ${output}`, { cause: error });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What `readIr` takes, from a request: descriptors of the targets and of all files, and the registry they live in. */
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

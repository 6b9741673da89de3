// Runs grpc-gateway before a gRPC server that returns its requests, and before a BFF: generated and built with Go from
// their modules.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { freePort, listens } from "../../../../runtime/src/testing/ports.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const bin = join(root, "node_modules/.bin");
const SOURCES = ["gateway.proto", "pages.proto", "go/go.mod", "go/go.sum", "go/main.go"];

export interface Gateway {
  readonly url: string;
  /** Descriptors from which it was generated. */
  readonly registry: FileRegistry;
  close(): void;
}

/** @param pages host and port of the BFF of pages.proto */
export async function startGateway(pages = ""): Promise<Gateway> {
  const folder = built();
  const port = await freePort();
  const child: ChildProcess = spawn(join(folder, "gateway"), [String(port), pages], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await listens(port, child);
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(join(folder, "gateway.binpb")));
  return { url: `http://127.0.0.1:${port}`, registry: createFileRegistry(set), close: () => child.kill() };
}

/** The folder of the program, which is kept as long as its sources are the same. */
function built(): string {
  const hash = createHash("sha256");
  for (const source of SOURCES) hash.update(readFileSync(join(here, source)));
  const kept = join(root, "test/.generated", `grpc-gateway-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(join(kept, "gateway"))) return kept;
  // Beside it: another worker may build at the same time.
  mkdirSync(join(root, "test/.generated"), { recursive: true });
  const folder = mkdtempSync(`${kept}-`);
  build(folder);
  if (existsSync(join(kept, "gateway"))) {
    rmSync(folder, { recursive: true });
    return kept;
  }
  rmSync(kept, { recursive: true, force: true });
  renameSync(folder, kept);
  return kept;
}

function build(folder: string): void {
  mkdirSync(join(folder, "proto"), { recursive: true });
  cpSync(join(here, "gateway.proto"), join(folder, "proto/gateway.proto"));
  cpSync(join(here, "pages.proto"), join(folder, "proto/pages/v1/pages.proto"));
  for (const name of ["identity", "options"])
    cpSync(join(root, `proto/bff/v1/${name}.proto`), join(folder, `proto/bff/v1/${name}.proto`));
  for (const name of ["annotations", "http"])
    cpSync(join(root, `proto/third_party/google/api/${name}.proto`), join(folder, `proto/google/api/${name}.proto`));
  cpSync(join(here, "go"), folder, { recursive: true });
  run("go", ["build", "-o", "plugins/", "tool"], folder);
  const packages = {
    "gateway.proto": "gen",
    "pages/v1/pages.proto": "gen/pages/v1",
    "bff/v1/identity.proto": "gen/bff/v1",
    "bff/v1/options.proto": "gen/bff/v1",
  };
  const mapped = Object.entries(packages).map(([file, path]) => `M${file}=gateway/${path}`);
  const opt = ["paths=source_relative", ...mapped];
  const plugins = ["go", "go-grpc", "grpc-gateway"].map((name) => ({
    local: `plugins/protoc-gen-${name}`,
    out: "gen",
    opt,
  }));
  writeFileSync(join(folder, "buf.yaml"), JSON.stringify({ version: "v2", modules: [{ path: "proto" }] }));
  writeFileSync(join(folder, "buf.gen.yaml"), JSON.stringify({ version: "v2", plugins }));
  run(join(bin, "buf"), ["generate", ...Object.keys(packages).flatMap((file) => ["--path", `proto/${file}`])], folder);
  run(join(bin, "buf"), ["build", "-o", "gateway.binpb"], folder);
  run("go", ["build", "-o", "gateway", "."], folder);
}

function run(command: string, args: readonly string[], cwd: string): void {
  const PATH = `${bin}${delimiter}${process.env.PATH ?? ""}`;
  const env = { ...process.env, GOFLAGS: "-buildvcs=false", GOWORK: "off", PATH };
  execFileSync(command, args, { cwd, env, stdio: ["ignore", "ignore", "inherit"] });
}

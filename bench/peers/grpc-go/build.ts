// Generates and builds the peer in Go, with what go.mod says and buf, where Go is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LeftOut } from "../../rig/result.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../..", import.meta.url));
const bin = join(root, "node_modules/.bin");
const WORKSPACES = [
  { config: "buf.yaml", protos: ["agent", "billing", "memory", "notify", "policy", "user", "web"].map(example) },
  {
    config: "bench/buf.yaml",
    protos: [
      "proto/bff/v1",
      ...["chain", "fanout", "list", "types", "up"].map((name) => `bench/proto/bench/${name}/v1`),
    ],
  },
];
function example(name: string): string {
  return `proto/example/${name}/v1`;
}

/** The program, or why there is none. What a tool has to say when it fails goes to standard error, and not into results: it may name this machine. */
export type Built = { readonly program: string } | LeftOut;

let built: Built | undefined;

/** The server with the composition of its first argument. Builds once for each state of its sources; the first time that takes a minute. */
export function grpcGo(): Built {
  built ??= build();
  return built;
}

function build(): Built {
  const left = (reason: string): LeftOut => ({ name: "grpc-go", reason });
  if (process.env.PROTOBFF_WITHOUT_GO === "1") return left("PROTOBFF_WITHOUT_GO=1 says so");
  if (spawnSync("go", ["version"]).status !== 0) return left("Go is not installed");
  const folder = join(root, "bench/.generated", `grpc-go-${digest()}`);
  const program = join(folder, "grpc-go");
  if (existsSync(program)) return { program };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(here, folder, { recursive: true });
  for (const [command, ...args] of [["go", "build", "-o", "plugins/", "tool"], ...generate(folder)]) {
    if (!run(command ?? "", args, folder)) return left(`\`${command} ${args[0]}\` failed`);
  }
  return run("go", ["build", "-o", program, "."], folder) ? { program } : left("`go build` failed");
}

/** buf's commands: from the root, as its workspaces are told from there. */
function generate(folder: string): string[][] {
  const plugins = ["go", "go-grpc"].map((name) => ({
    ...{ local: join(folder, "plugins", `protoc-gen-${name}`), out: join(folder, "gen"), opt: "paths=source_relative" },
  }));
  const managed = { enabled: true, override: [{ file_option: "go_package_prefix", value: "protobff/grpc-go/gen" }] };
  const template = join(folder, "buf.gen.json");
  writeFileSync(template, JSON.stringify({ version: "v2", managed, plugins }));
  return WORKSPACES.map(({ config, protos }) => [
    ...[join(bin, "buf"), "generate", root, "--config", join(root, config), "--template", template],
    ...protos.flatMap((path) => ["--path", join(root, path)]),
  ]);
}

function run(command: string, args: readonly string[], cwd: string): boolean {
  const PATH = `${bin}${delimiter}${process.env.PATH ?? ""}`;
  const env = { ...process.env, GOFLAGS: "-buildvcs=false", GOWORK: "off", PATH };
  return spawnSync(command, args, { cwd, env, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

function digest(): string {
  const hash = createHash("sha256");
  for (const folder of [here, ...WORKSPACES.flatMap(({ protos }) => protos.map((path) => join(root, path)))]) {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) hash.update(`${entry.name}\0`).update(readFileSync(join(entry.parentPath, entry.name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

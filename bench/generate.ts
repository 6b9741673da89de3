// Measures the time of generation, beside protoc-gen-es on the same files: both as the processes that buf starts, each
// fresh.
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { composedProtos, diamondOfMessages, diamondOfSteps } from "./generate-protos.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "./rig/result.ts";
import { median } from "./rig/statistics.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name: string): string => join(root, "node_modules", ".bin", name);
const PLUGINS = { protobff: bin("protoc-gen-bff"), "protoc-gen-es": bin("protoc-gen-es") } as const;
const PARAMETERS = { protobff: "import_extension=ts", "protoc-gen-es": "target=ts,import_extension=ts" } as const;
type Plugin = keyof typeof PLUGINS;

/** Composed messages; the last one is what counts, the others show how time and memory grow. */
const SIZES = [1_250, 2_500, 5_000, 10_000];
/** Rpcs of a large BFF; each composes two messages. */
const RPCS = 1_000;
/** Steps in layers of two; checking and generating them together is to stay under two seconds. */
const DIAMOND = 10_000;

interface Used {
  readonly wall_ms: number;
  readonly cpu_ms: number;
  readonly max_rss_mb: number;
}

export async function runGenerate(options: RunOptions): Promise<ScenarioResult> {
  const rounds = options.quick ? 1 : 5;
  const sizes = options.quick ? SIZES.slice(0, 1) : SIZES;
  const variants: VariantResult[] = [];
  for (const size of sizes) {
    variants.push(...(await compared(`${size} messages`, composedProtos(size), rounds, ["protobff", "protoc-gen-es"])));
  }
  const rpcs = options.quick ? 100 : RPCS;
  const pages = composedProtos(2 * rpcs, 2);
  variants.push(
    ...(await compared(`${rpcs} rpcs, ${2 * rpcs} messages`, pages, rounds, ["protobff", "protoc-gen-es"])),
  );
  const file = composedProtos(2 * rpcs, 2, 2 * rpcs);
  variants.push(...(await compared(`${rpcs} rpcs in one file`, file, rounds, ["protobff"])));
  variants.push(...(await compared("the same of an image, with its lock", file, rounds, ["protobff"], "image")));
  const steps = options.quick ? DIAMOND / 10 : DIAMOND;
  variants.push(...(await compared(`diamond of ${steps} steps`, diamondOfSteps(steps), rounds, ["protobff"])));
  variants.push(...(await compared("diamond of 200 layers", diamondOfMessages(200), rounds, ["protobff"])));
  return scenarioResult(options, { scenario: "generate", variants, left_out: [], failures: [], rounds });
}

/** Interleaved, so that what else the machine does falls on all of them. */
async function compared(
  what: string,
  protos: Readonly<Record<string, string>>,
  rounds: number,
  plugins: readonly Plugin[],
  from: From = "sources",
): Promise<readonly VariantResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-bench-"));
  try {
    const requests = new Map(plugins.map((plugin) => [plugin, requestIn(folder, protos, PARAMETERS[plugin])]));
    const used = new Map<Plugin, Used[]>(plugins.map((plugin) => [plugin, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [plugin, request] of requests) used.get(plugin)?.push(await run(plugin, request, folder, from));
    }
    const middle = (plugin: Plugin, key: keyof Used) => median((used.get(plugin) ?? []).map((usage) => usage[key]));
    const peer = plugins.includes("protoc-gen-es") ? middle("protoc-gen-es", "cpu_ms") : undefined;
    return plugins.map((plugin) => ({
      name: `${plugin}, ${what}`,
      wall_ms: middle(plugin, "wall_ms"),
      cpu_ms: middle(plugin, "cpu_ms"),
      max_rss_mb: middle(plugin, "max_rss_mb"),
      ...(peer !== undefined && { ratio_to_protoc_gen_es: middle(plugin, "cpu_ms") / peer }),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Returns the request that buf would send, for the protos written to a workspace; the plugin reads the sources there.
 */
function requestIn(folder: string, protos: Readonly<Record<string, string>>, parameter: string): Uint8Array {
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write("buf.yaml", "version: v2\nmodules:\n  - path: app\n  - path: bff\n");
  for (const [name, text] of Object.entries(protos)) write(join("app", name), text);
  write("app/up/v1/up.proto", readFileSync(join(root, "test/golden/upstreams/up/v1/up.proto"), "utf8"));
  for (const name of ["bff/v1/options.proto", "bff/v1/identity.proto", "bff/v1/degradation.proto"]) {
    mkdirSync(dirname(join(folder, "bff", name)), { recursive: true });
    copyFileSync(join(root, "proto", name), join(folder, "bff", name));
  }
  execFileSync(bin("buf"), ["build", "--as-file-descriptor-set", "-o", "set.binpb"], { cwd: folder });
  const protoFile = fromBinary(FileDescriptorSetSchema, readFileSync(join(folder, "set.binpb"))).file;
  const fileToGenerate = Object.keys(protos);
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate,
    protoFile,
    sourceFileDescriptors: protoFile.filter(({ name }) => fileToGenerate.includes(name)),
    parameter,
  });
  return toBinary(CodeGeneratorRequestSchema, request);
}

/** Sources: beside the protos, the first run. Image: no protos are there, and the lock is. */
type From = "sources" | "image";

/** Runs the plugin once. Throws when it fails, or writes fewer files than the request lists. */
async function run(plugin: Plugin, request: Uint8Array, folder: string, from: From): Promise<Used> {
  if (from === "sources") rmSync(join(folder, "bff.lock.json"), { force: true });
  else rmSync(join(folder, "app"), { recursive: true, force: true });
  const usage = new URL("generate-usage.ts", import.meta.url).href;
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", usage, PLUGINS[plugin]], { cwd: folder });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.end(request);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const wall_ms = performance.now() - started;
  const stderr = Buffer.concat(err).toString().trim();
  const { error, file } = fromBinary(CodeGeneratorResponseSchema, Buffer.concat(out));
  if (code !== 0 || error !== "" || file.length === 0)
    throw new Error(`${plugin} fails: ${(error || stderr).slice(0, 2000)}`);
  const { cpu_ms, max_rss_mb } = JSON.parse(stderr.split("\n").at(-1) ?? "") as Omit<Used, "wall_ms">;
  return { wall_ms, cpu_ms, max_rss_mb };
}

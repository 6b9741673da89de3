// Measures starts and memory of processes as they are deployed, without a probe in them: CPU from exec to the first
// answer, the first requests against warm ones, memory idle and under load, with and without workers; then the parts.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { bundle } from "../rig/bundle.ts";
import { h2load } from "../rig/h2load.ts";
import { callOnce } from "../rig/one-call.ts";
import { type ProcessUsage, processTree } from "../rig/process-tree.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { AS_DEPLOYED } from "../rig/server-process.ts";
import { median } from "../rig/statistics.ts";
import { startUpstream } from "../rig/upstream-process.ts";
import { forUser, grpcRequest } from "../rig/variant.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SERVER = "bench/generated/bench/fanout/v1/server.ts";
/** Loads the modules of its arguments and stays. It is JavaScript, because Node would load a parser of TypeScript. */
const PART = `
  for (const name of process.argv.slice(1)) await (process.getBuiltinModule(name) ?? import(name));
  console.log("listening on http://127.0.0.1:1");
  setInterval(() => {}, 1_000_000);
`;
const COLD = 2_500;
const LOAD = { connections: 4, streams: 8 };
/** Time in which a started process settles. */
const SETTLE_MS = 500;

type Env = Readonly<Record<string, string>>;
interface Started {
  readonly env: Env;
  /** Undefined: the bundle of `SERVER`. */
  readonly entry?: string;
  readonly flags?: readonly string[];
  readonly workers?: boolean;
}
const STARTS: Readonly<Record<string, Started>> = {
  "one process": { env: {} },
  "one process, warmed up": { env: { BFF_WARM_UP: "3s" } },
  "one process, not bundled": { env: {}, entry: SERVER },
  // Node has no switch for V8's optimizing compilers that leaves the baseline compiler on.
  "one process, no optimized code": { env: {}, flags: ["--max-optimized-bytecode-size=1"] },
  "two workers": { env: { BFF_WORKERS: "2" }, workers: true },
};

/** Modules that each row loads in addition to those before. */
const PARTS: readonly (readonly [name: string, ...modules: readonly string[]])[] = [
  ["Node alone"],
  ["+ node:net, node:http, node:crypto, node:zlib", "node:net", "node:http", "node:crypto", "node:zlib"],
  ["+ @bufbuild/protobuf", "@bufbuild/protobuf", "@bufbuild/protobuf/wkt"],
  ["+ @connectrpc/connect", "@connectrpc/connect", "@connectrpc/connect/protocol"],
  ["+ @protobff/runtime", "@protobff/runtime"],
  ["+ @protobff/server", "@protobff/server"],
  ["+ generated code of 1 rpc", join(root, "bench/generated/bench/fanout/v1/fanout_bff.ts")],
];

export async function runStart(options: RunOptions): Promise<ScenarioResult> {
  const rounds = options.quick ? 1 : 5;
  const upstream = await startUpstream();
  const empty = mkdtempSync(join(tmpdir(), "protobff-bench-"));
  try {
    const variants: VariantResult[] = [];
    for (const [name, started] of Object.entries(STARTS)) {
      await server(started, upstream.env, 0); // fills the cache of compiled code
      const measured: Figures[] = [];
      for (let round = 0; round < rounds; round++)
        measured.push(await server(started, upstream.env, options.quick ? 500 : 20_000));
      variants.push(medians(name, measured));
    }
    const { startCpuMs } = await server({ env: { NODE_COMPILE_CACHE: empty } }, upstream.env, 0);
    variants.push({ name: "one process, empty cache of compiled code", start_cpu_ms: startCpuMs });
    return scenarioResult(options, {
      scenario: "start",
      variants: [...variants, ...(await parts(rounds))],
      left_out: [],
      failures: [],
      rounds,
    });
  } finally {
    rmSync(empty, { recursive: true, force: true });
    await upstream.stop();
  }
}

interface Figures {
  readonly startCpuMs: number;
  readonly idleMb: readonly number[];
  readonly loadMb: readonly number[];
  readonly coldMicros: number;
  readonly warmMicros: number;
}

/** @param requests of the warm-up and of the measured load; 0: only starts */
async function server(
  { env, entry, flags = [], workers = false }: Started,
  upstreams: Env,
  requests: number,
): Promise<Figures> {
  const { child, url } = await started([...flags, entry ?? (await bundle(SERVER))], { ...upstreams, ...env });
  try {
    const method = HomeService.method.getHome;
    const request = grpcRequest({ method }, { url }, forUser(method));
    const { grpcStatus } = await callOnce(request, 10_000);
    if (grpcStatus !== 0) throw new Error(`answers with gRPC status ${grpcStatus}`);
    const usage = (): ProcessUsage[] => processTree(child.pid ?? 0);
    const first = cpu(usage());
    await setTimeout(SETTLE_MS);
    const idleMb = megabytes(usage());
    if (requests === 0) return { startCpuMs: first / 1_000, idleMb, loadMb: [], coldMicros: 0, warmMicros: 0 };
    const load = async (count: number): Promise<number> => {
      const before = cpu(usage());
      await h2load(request, { ...LOAD, requests: count });
      return (cpu(usage()) - before) / count;
    };
    const coldMicros = await load(COLD);
    await load(requests * (workers ? 2 : 1));
    const warmMicros = await load(requests);
    return { startCpuMs: first / 1_000, idleMb, loadMb: megabytes(usage()), coldMicros, warmMicros };
  } finally {
    await stopped(child);
  }
}

function medians(name: string, all: readonly Figures[]): VariantResult {
  const of = (figure: (figures: Figures) => number | undefined): number =>
    median(all.map((figures) => figure(figures) ?? Number.NaN));
  const isSingle = all[0]?.idleMb.length === 1;
  const coldMicros = of((figures) => figures.coldMicros);
  const warmMicros = of((figures) => figures.warmMicros);
  const result = {
    name,
    start_cpu_ms: of(({ startCpuMs }) => startCpuMs),
    rss_mb_idle: of(({ idleMb }) => Math.max(...idleMb.slice(isSingle ? 0 : 1))),
    rss_mb: of(({ loadMb }) => Math.max(...loadMb.slice(isSingle ? 0 : 1))),
    ...(!isSingle && { supervisor_rss_mb: of(({ loadMb }) => loadMb[0]) }),
    cold_cpu_us_per_request: coldMicros,
    cpu_us_per_request: warmMicros,
    cold_ratio: coldMicros / warmMicros,
  };
  console.log(`${name.padEnd(24)} ${result.start_cpu_ms.toFixed(0)} ms, ${result.rss_mb.toFixed(0)} MB`);
  return result;
}

/** Memory and CPU of processes that load one part more each. */
async function parts(rounds: number): Promise<VariantResult[]> {
  const results: VariantResult[] = [];
  const modules: string[] = [];
  for (const [name, ...more] of PARTS) {
    modules.push(...more);
    const measured: ProcessUsage[] = [];
    for (let round = 0; round <= rounds; round++) {
      const { child } = await started(["--input-type=module", "-e", PART, "--", ...modules], {});
      await setTimeout(SETTLE_MS);
      if (round > 0) measured.push(...processTree(child.pid ?? 0)); // the first fills the cache
      await stopped(child);
    }
    const rss_mb_idle = median(measured.map(({ rssBytes }) => rssBytes / 2 ** 20));
    const start_cpu_ms = median(measured.map(({ cpuMicros }) => cpuMicros / 1_000));
    results.push({ name, start_cpu_ms, rss_mb_idle });
  }
  return results;
}

const cpu = (all: readonly ProcessUsage[]): number => all.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0);
const megabytes = (all: readonly ProcessUsage[]): number[] => all.map(({ rssBytes }) => rssBytes / 2 ** 20);

async function started(args: readonly string[], env: Env): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...AS_DEPLOYED, HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^listening on (http:\/\/\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      child.stdout.resume();
      return { child, url };
    }
  }
  throw new Error(`${args[0]} ends before it listens`);
}
async function stopped(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

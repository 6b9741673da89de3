// Compares two workers with one process: requests for the CPU of all processes together, and the balance of the load.
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { h2load } from "../rig/h2load.ts";
import { callOnce } from "../rig/one-call.ts";
import { type ProcessUsage, processTree } from "../rig/process-tree.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { median, percentile } from "../rig/statistics.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, withServer } from "../rig/variant.ts";

const CORES = 2;
/**
 * One connection for each process under load: each gets the same load, and compiles the same amount, with and without a
 * second process.
 */
const STREAMS = 32;
const WARM_UP = 6_000;
const LEAST_SPEEDUP = 1.7;

export async function runWorkers(options: RunOptions): Promise<ScenarioResult> {
  const upstream = await startUpstream();
  const rounds = options.quick ? 1 : 3;
  const each = options.quick ? 2_000 : 10_000;
  try {
    const single: Round[] = [];
    const half: Round[] = [];
    const two: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      single.push(await measure({ workers: 1, active: 1 }, upstream, each));
      half.push(await measure({ workers: CORES, active: 1 }, upstream, each));
      two.push(await measure({ workers: CORES, active: CORES }, upstream, each));
    }
    const alone = median(single.map(({ cpu }) => sum(cpu)));
    const share = median(two.map(({ cpu: [, ...workers] }) => Math.max(...workers) / sum(workers)));
    const idle = median(half.map(({ cpu }) => sum(cpu)));
    const both = median(two.map(({ cpu }) => sum(cpu)));
    const speedup = alone / (idle * share);
    const variants = [
      { ...result("one process", single), speedup: 1, speedup_on_shared_cores: 1 },
      { ...result(`${CORES} workers, one asked`, half), speedup: alone / idle },
      { ...result(`${CORES} workers`, two), speedup, speedup_on_shared_cores: alone / (both * share), busiest: share },
    ];
    return scenarioResult(options, {
      scenario: "workers",
      variants,
      left_out: [],
      failures:
        !options.quick && speedup < LEAST_SPEEDUP ? [`${CORES} workers do ${speedup.toFixed(2)} × one process`] : [],
      rounds,
    });
  } finally {
    await upstream.stop();
  }
}

interface Round {
  readonly requestsPerSecond: number;
  readonly latenciesMs: readonly number[];
  /** CPU of each process per request of the whole server, in microseconds; a supervisor comes first. */
  readonly cpu: readonly number[];
  readonly rss: readonly number[];
}

/** Runs one round; `active` workers get connections, the others are idle. */
async function measure(
  { workers, active }: { readonly workers: number; readonly active: number },
  upstream: UpstreamProcess,
  each: number,
): Promise<Round> {
  const variant = generatedVariant("fanout", HomeService.method.getHome);
  return withServer(
    variant,
    upstream,
    async (server) => {
      const request = grpcRequest(variant, server, forUser(variant.method));
      const { grpcStatus } = await callOnce(request, 5_000);
      if (grpcStatus !== 0) throw new Error(`answers with gRPC status ${grpcStatus}`);
      const load = { connections: active, streams: STREAMS };
      const requests = each * active;
      // Two idle workers get a connection each in turn, and the same load as one process.
      for (let i = 0; i < workers; i += active) await h2load(request, { ...load, requests: WARM_UP * active });
      const before = processTree(server.pid);
      const { requestsPerSecond, latenciesMs } = await h2load(request, { ...load, requests });
      const after = processTree(server.pid);
      return {
        requestsPerSecond,
        latenciesMs,
        cpu: after.map((usage, i) => (usage.cpuMicros - (before[i] as ProcessUsage).cpuMicros) / requests),
        rss: after.map(({ rssBytes }) => rssBytes / 2 ** 20),
      };
    },
    { BFF_WORKERS: String(workers) },
  );
}

function result(name: string, rounds: readonly Round[]): VariantResult {
  const of = (figure: (round: Round) => number): number => median(rounds.map(figure));
  const cpu = of((round) => sum(round.cpu));
  console.log(`${name.padEnd(22)} ${cpu.toFixed(0)} µs`);
  return {
    name,
    cpu_us_per_request: cpu,
    requests_per_second: of((round) => round.requestsPerSecond),
    p50_ms: of((round) => percentile([...round.latenciesMs], 0.5)),
    p99_ms: of((round) => percentile([...round.latenciesMs], 0.99)),
    rss_mb_of_all: of((round) => sum(round.rss)),
    rss_mb_of_each: rounds.at(-1)?.rss.map(Math.round).join(" + "),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

// Measures the cost of a followed item: passed on, and composed with one additional call.
import { RunService } from "../generated/bench/stream/v1/stream_pb.ts";
import { ProfileService } from "../generated/bench/up/v1/up_pb.ts";
import { type FollowMethod, followAll } from "../rig/follower.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import type { Launch } from "../rig/server-process.ts";
import { median } from "../rig/statistics.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { withServer } from "../rig/variant.ts";

const OURS: Launch = { entry: "bench/generated/bench/stream/v1/server.ts" };
const BY_HAND: Launch = { entry: "bench/peers/connect-node/streams.ts" };
const GET_PROFILE = `/${ProfileService.typeName}/GetProfile`;

interface Kind {
  readonly name: string;
  readonly method: FollowMethod;
  /** Items of each stream. */
  readonly items: number;
  readonly callsPerItem: number;
}
const KINDS: readonly Kind[] = [
  { name: "plain", method: RunService.method.followPlain, items: 2_000, callsPerItem: 0 },
  { name: "composed", method: RunService.method.followComposed, items: 500, callsPerItem: 1 },
];
const STREAMS = 32;
const ROUNDS = 5;
const QUICK_SHARE = 20;

interface Row {
  readonly kind: Kind;
  readonly by: "protobff" | "connect-node";
  readonly launch: Launch;
}
interface Sample {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly callsPerItem: number;
  readonly maxRssBytes: number;
}

export async function runStream(options: RunOptions): Promise<ScenarioResult> {
  const rounds = options.quick ? 1 : ROUNDS;
  const rows = KINDS.flatMap((kind): Row[] => [
    { kind, by: "protobff", launch: OURS },
    { kind, by: "connect-node", launch: BY_HAND },
  ]);
  const samples = new Map<Row, Sample[]>(rows.map((row) => [row, []]));
  const upstream = await startUpstream();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [row, measured] of samples) {
        const sample = await measure(row, upstream, options.quick);
        measured.push(sample);
        console.log(`round ${round + 1} ${nameOf(row).padEnd(24)} ${sample.cpuMicros.toFixed(1).padStart(6)} µs/item`);
      }
    }
  } finally {
    await upstream.stop();
  }
  const variants = [...samples].map(([row, measured]) => summary(row, measured));
  return scenarioResult(options, {
    scenario: "stream",
    variants: withRatios(variants),
    left_out: [],
    failures: rows.flatMap((row, index) => callsOff(row, variants[index])),
    rounds,
  });
}

function nameOf({ kind, by }: Row): string {
  return `${by}, ${kind.name}`;
}

function measure(row: Row, upstream: UpstreamProcess, quick: boolean): Promise<Sample> {
  const { kind, launch } = row;
  const items = quick ? kind.items / QUICK_SHARE : kind.items;
  return withServer({ name: nameOf(row), launch }, upstream, async (server) => {
    const followed = { method: kind.method, items, streams: STREAMS };
    await followAll(server.url, followed); // so that everything is compiled
    const callsBefore = (await upstream.calls())[GET_PROFILE] ?? 0;
    const before = await server.usage();
    const startedAt = performance.now();
    await followAll(server.url, followed);
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = await server.usage();
    const calls = ((await upstream.calls())[GET_PROFILE] ?? 0) - callsBefore;
    const all = items * STREAMS;
    return {
      cpuMicros: (after.cpuMicros - before.cpuMicros) / all,
      perSecond: all / seconds,
      callsPerItem: calls / all,
      maxRssBytes: after.maxRssBytes,
    };
  });
}

function summary(row: Row, samples: readonly Sample[]): VariantResult {
  const over = (figure: (sample: Sample) => number) => median(samples.map(figure));
  return {
    name: nameOf(row),
    cpu_us_per_item: over((sample) => sample.cpuMicros),
    cpu_us_min: Math.min(...samples.map((sample) => sample.cpuMicros)),
    items_per_second: over((sample) => sample.perSecond),
    max_rss_mb: Math.max(...samples.map((sample) => sample.maxRssBytes)) / 2 ** 20,
    calls_per_item: over((sample) => sample.callsPerItem),
  };
}

/** Adds `ratio_to_connect_node`, each kind by its own. */
function withRatios(variants: readonly VariantResult[]): VariantResult[] {
  const cpu = (name: string) => Number(variants.find((variant) => variant.name === name)?.cpu_us_per_item);
  return variants.map((variant) => ({
    ...variant,
    ratio_to_connect_node: cpu(variant.name) / cpu(variant.name.replace(/^[^,]+/, "connect-node")),
  }));
}

function callsOff({ kind, by }: Row, variant: VariantResult | undefined): string[] {
  const calls = variant?.calls_per_item;
  return calls === kind.callsPerItem
    ? []
    : [`${by} makes ${calls} calls per ${kind.name} item in place of ${kind.callsPerItem}`];
}

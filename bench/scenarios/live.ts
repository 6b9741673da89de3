// A live answer against polling: 1,000 clients, each with another key. A hundredth of the keys is purged in each
// second. The pollers send a request per second. Counts the CPU of the BFF and of its upstreams.
import { setTimeout as sleep } from "node:timers/promises";
import { GrpcClient, type OpenStream } from "@protobff/runtime";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { HomeService } from "../generated/bench/live/v1/live_pb.ts";
import { addressesAt, PaceProcess, paceProgram } from "../rig/pace.ts";
import { OTHERS, pin, SERVER } from "../rig/placement.ts";
import { processTree } from "../rig/process-tree.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { type Launch, type ServerProcess, startServer } from "../rig/server-process.ts";
import { percentile } from "../rig/statistics.ts";
import { startUpstream, total, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, grpcRequest, withServer } from "../rig/variant.ts";
import { opened, openFollowers, startFollowers, userId } from "./live-clients.ts";

const FULL = { clients: 1_000, seconds: 20, warmUp: 5, purged: 10_000 };
const QUICK = { clients: 100, seconds: 2, warmUp: 1, purged: 500 };
const PURGED_SHARE = 100;
const TOKEN = "0123456789abcdef";
const TICK_MS = 10;
const DEADLINE_MS = 10_000;

/** Load of another client beside a purge. */
const OTHER = { perSecond: 200, seconds: 10, connections: 2 };
/** Largest growth of its 99th percentile. */
const PURGE_GROWTH = 2;

type Sizes = typeof FULL;
/** One way to keep the clients' answers current. */
interface Way {
  readonly name: string;
  /** Begins, and returns what each second does, and the end. */
  begin(client: GrpcClient, count: () => void, sizes: Sizes): Promise<{ second(): Promise<void>; end(): void }>;
}

export async function runLive(options: RunOptions): Promise<ScenarioResult> {
  const sizes = options.quick ? QUICK : FULL;
  const port = await freePort();
  const ways = [followers(`http://127.0.0.1:${port}`), pollers];
  const variants: VariantResult[] = [];
  const env = {
    BFF_MAX_FOLLOWERS: "20000",
    BFF_MAX_FOLLOWERS_PER_CALLER: "20000",
    BFF_ADMIN_PORT: `${port}`,
    BFF_PURGE_TOKEN: TOKEN,
  };
  const launch = {
    entry: "bench/generated/bench/live/v1/server.ts",
    env,
  };
  const withUpstream = async <Value>(
    name: string,
    use: (server: ServerProcess, upstream: UpstreamProcess) => Promise<Value>,
  ): Promise<Value> => {
    const upstream = await startUpstream();
    try {
      return await withServer({ name, launch }, upstream, (server) => use(server, upstream));
    } finally {
      await upstream.stop();
    }
  };
  const isWanted = (name: string): boolean => options.only?.includes(name) ?? true;
  for (const way of ways.filter(({ name }) => isWanted(name)))
    variants.push(await withUpstream(way.name, (server, upstream) => measure(way, server, upstream, sizes)));
  const admin = `http://127.0.0.1:${port}`;
  const purged = await measurePurge(admin, launch, sizes.purged);
  const [live, polled] = variants.map(({ cpu_ms_per_second: cpu }) => Number(cpu));
  const ratio = (live ?? 0) / (polled ?? 1);
  const compared = variants.map((variant) => ({
    ...variant,
    ratio_to_polling: Number(variant.cpu_ms_per_second) / (polled ?? 1),
  }));
  const [quietMs, purgeMs] = purged.map(({ p99_ms: ms }) => Number(ms));
  const growth = (purgeMs ?? 0) / (quietMs ?? 1);
  const failures = [
    ...(ratio > 0.1 ? [`live answers take ${ratio.toFixed(3)} of the CPU of polling`] : []),
    ...(growth > PURGE_GROWTH ? [`beside a purge the p99 of others is ${growth.toFixed(1)} x that of quiet`] : []),
  ];
  return scenarioResult(options, {
    scenario: "live",
    variants: [...compared, ...purged],
    left_out: [],
    failures: options.quick ? [] : failures,
    rounds: 1,
  });
}

async function measure(
  way: Way,
  server: ServerProcess,
  upstream: UpstreamProcess,
  sizes: Sizes,
): Promise<VariantResult> {
  const client = new GrpcClient(server.url);
  let messages = 0;
  const running = await way.begin(client, () => void messages++, sizes);
  try {
    for (let second = 0; second < sizes.warmUp; second++) await running.second();
    const before = await usage(server, upstream);
    messages = 0;
    for (let second = 0; second < sizes.seconds; second++) await running.second();
    const after = await usage(server, upstream);
    const perSecond = (key: keyof typeof before): number => (after[key] - before[key]) / sizes.seconds;
    return {
      name: way.name,
      cpu_ms_per_second: (perSecond("bff") + perSecond("upstreams")) / 1_000,
      bff_cpu_ms_per_second: perSecond("bff") / 1_000,
      upstream_cpu_ms_per_second: perSecond("upstreams") / 1_000,
      calls_per_second: perSecond("calls"),
      messages_per_second: messages / sizes.seconds,
    };
  } finally {
    running.end();
    await client.close();
  }
}

async function usage(server: ServerProcess, upstream: UpstreamProcess) {
  const upstreams = processTree(upstream.pid).reduce((sum, { cpuMicros }) => sum + cpuMicros, 0);
  return { bff: (await server.usage()).cpuMicros, upstreams, calls: total(await upstream.calls()) };
}

function cancelAll(streams: Iterable<OpenStream>): void {
  for (const stream of streams) stream.cancel();
}

async function purge(admin: string, tags: readonly string[]): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const { ok } = await fetch(`${admin}/purge`, { method: "POST", headers, body: JSON.stringify({ tags }) });
  if (!ok) throw new Error("the purge is refused");
}

/**
 * Latency of other requests while all answers are composed again after a purge of `*`, and while nothing changes. The
 * server has a processor to itself.
 */
async function measurePurge(admin: string, launch: Launch, followers: number): Promise<VariantResult[]> {
  const built = paceProgram();
  if ("reason" in built) throw new Error(`the purge needs bench/rig/pace: ${built.reason}`);
  pin(process.pid, OTHERS);
  const { pace, url } = await PaceProcess.start(built.program);
  const server = await startServer({ ...launch, env: { ...addressesAt(url), ...launch.env } });
  try {
    pin(server.pid, SERVER);
    const request = grpcRequest({ method: HomeService.method.getHome }, server, forUser(HomeService.method.getHome));
    await pace.generate(request, OTHER);
    const stopFollowers = await startFollowers(server.url, followers);
    const rows: VariantResult[] = [];
    for (const name of ["others, quiet", "others, purge of *"]) {
      const { cpuMicros } = await server.usage();
      await server.countStalls();
      if (rows.length > 0) await purge(admin, ["*"]);
      const { latenciesMs, lagsMs, answers } = await pace.generate(request, OTHER);
      rows.push({
        name,
        p50_ms: percentile(latenciesMs, 0.5),
        p99_ms: percentile(latenciesMs, 0.99),
        max_ms: latenciesMs.at(-1) ?? 0,
        generator_lag_p99_ms: percentile(lagsMs, 0.99),
        longest_turn_ms: (await server.stalls()).longestTurnMs,
        busy: ((await server.usage()).cpuMicros - cpuMicros) / OTHER.seconds / 1e6,
        failed: answers.failed ?? 0,
      });
    }
    await stopFollowers();
    return rows;
  } finally {
    await server.stop();
    await pace.stop();
  }
}

function followers(admin: string): Way {
  return {
    name: "live",
    async begin(client, count, { clients }) {
      const streams = await openFollowers(client, clients, count);
      let next = 0;
      const second = async (): Promise<void> => {
        const [began, each] = [performance.now(), clients / PURGED_SHARE];
        const tags = Array.from({ length: each }, () => `profile:${userId(next++ % clients)}`);
        await purge(admin, tags);
        await sleep(1_000 - (performance.now() - began));
      };
      return { second, end: () => cancelAll(streams) };
    },
  };
}

const pollers: Way = {
  name: "polling",
  async begin(client, count, { clients }) {
    const open = new Set<OpenStream>();
    const second = async (): Promise<void> => {
      const began = performance.now();
      for (let i = 0; i < clients; ) {
        const due = Math.min(clients, Math.ceil(((performance.now() - began) / 1_000) * clients));
        for (; i < due; i++) {
          const stream = opened(HomeService.method.getHome, client, i, DEADLINE_MS, () => {
            count();
            open.delete(stream);
          });
          open.add(stream);
        }
        await sleep(TICK_MS);
      }
      await sleep(Math.max(0, 1_000 - (performance.now() - began)));
    };
    return { second, end: () => cancelAll(open) };
  },
};

// A live answer against polling: 1,000 clients, each with another key. A hundredth of the keys is purged in each
// second. The pollers send a request per second. Counts the CPU of the BFF and of its upstreams.
import { setTimeout as sleep } from "node:timers/promises";
import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import { GrpcClient, type OpenStream } from "@protobff/runtime";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { GetHomeRequestSchema, HomeService } from "../generated/bench/live/v1/live_pb.ts";
import { processTree } from "../rig/process-tree.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import type { ServerProcess } from "../rig/server-process.ts";
import { framed } from "../rig/upstream-data.ts";
import { startUpstream, total, type UpstreamProcess } from "../rig/upstream-process.ts";
import { CALLER_HEADERS, withServer } from "../rig/variant.ts";

const FULL = { clients: 1_000, seconds: 20, warmUp: 5 };
const QUICK = { clients: 100, seconds: 2, warmUp: 1 };
const PURGED_SHARE = 100;
const TOKEN = "0123456789abcdef";
const TICK_MS = 10;
const DEADLINE_MS = 10_000;

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
  for (const way of ways) {
    const upstream = await startUpstream();
    const env = { BFF_MAX_FOLLOWERS_PER_CALLER: "20000", BFF_ADMIN_PORT: `${port}`, BFF_PURGE_TOKEN: TOKEN };
    const launch = { entry: "bench/generated/bench/live/v1/server.ts", env };
    try {
      variants.push(
        await withServer({ name: way.name, launch }, upstream, (server) => measure(way, server, upstream, sizes)),
      );
    } finally {
      await upstream.stop();
    }
  }
  const [live, polled] = variants.map(({ cpu_ms_per_second: cpu }) => Number(cpu));
  const ratio = (live ?? 0) / (polled ?? 1);
  const compared = variants.map((variant) => ({
    ...variant,
    ratio_to_polling: Number(variant.cpu_ms_per_second) / (polled ?? 1),
  }));
  const failures = ratio > 0.1 && !options.quick ? [`live answers take ${ratio.toFixed(3)} of the CPU of polling`] : [];
  return scenarioResult(options, { scenario: "live", variants: compared, left_out: [], failures, rounds: 1 });
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

const userId = (client: number): string => `u-${client}`;
const frameOf = (client: number): Uint8Array =>
  framed(toBinary(GetHomeRequestSchema, create(GetHomeRequestSchema, { userId: userId(client) })));

function opened(
  { parent, name }: DescMethod,
  client: GrpcClient,
  of: number,
  timeoutMs: number,
  item: () => void,
): OpenStream {
  const fail = (how: string): never => {
    throw new Error(`client ${of} of ${name}: ${how}`);
  };
  const stream = client.open(`/${parent.typeName}/${name}`, frameOf(of), timeoutMs, CALLER_HEADERS, {
    item: () => {
      item();
      stream.take(1);
    },
    ended: () => {},
    faulted: ({ code, message }) => fail(`${code} ${message}`),
  });
  stream.take(1);
  return stream;
}

function followers(admin: string): Way {
  return {
    name: "live",
    async begin(client, count, { clients }) {
      let first = 0;
      const streams = Array.from({ length: clients }, (_, i) =>
        opened(HomeService.method.watchHome, client, i, Number.POSITIVE_INFINITY, () => {
          first++;
          count();
        }),
      );
      while (first < clients) await sleep(TICK_MS);
      let next = 0;
      const second = async (): Promise<void> => {
        const [began, each] = [performance.now(), clients / PURGED_SHARE];
        const tags = Array.from({ length: each }, () => `profile:${userId(next++ % clients)}`);
        const headers = { authorization: `Bearer ${TOKEN}` };
        const { ok } = await fetch(`${admin}/purge`, { method: "POST", headers, body: JSON.stringify({ tags }) });
        if (!ok) throw new Error("the purge is refused");
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

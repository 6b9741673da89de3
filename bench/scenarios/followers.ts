// Measures the cost of followers without items and of followers that never read, and the latency of another client
// beside them.
import { setTimeout } from "node:timers/promises";
import { create, type DescMethodServerStreaming, type Message, toBinary } from "@bufbuild/protobuf";
import { GrpcClient, type OpenStream } from "@protobff/runtime";
import { FollowRequestSchema, RunService } from "../generated/bench/stream/v1/stream_pb.ts";
import { FollowSharedRequestSchema, RunService as SharedService } from "../generated/bench/topic/v1/topic_pb.ts";
import { openLoop } from "../rig/open-loop.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import type { Launch, ServerProcess } from "../rig/server-process.ts";
import { percentile } from "../rig/statistics.ts";
import { framed } from "../rig/upstream-data.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { CALLER_HEADERS, forUser, grpcRequest, withServer } from "../rig/variant.ts";

/** All followers come from one address. */
const env = { BFF_MAX_FOLLOWERS_PER_CALLER: "20000" };
const OURS: Launch = { entry: "bench/generated/bench/stream/v1/server.ts", env };
const SHARED: Launch = { entry: "bench/generated/bench/topic/v1/server.ts", env };
const BY_HAND: Launch = { entry: "bench/peers/connect-node/streams.ts" };
const IDLE = 10_000;
const NOT_READING = 1_000;
/** By hand they would not fit into the memory of a small machine. */
const IDLE_BY_HAND = 2_000;
const NOT_READING_BY_HAND = 100;
const RUNS = 200;
const QUICK_SHARE = 20;
const AT_A_TIME = 200;
const FIRST_ITEM_MS = 20_000;
/** Followers that do not read are given as much as is kept for them in this time, and no more after it. */
const SETTLE_MS = 3_000;
/** Load of another client meanwhile, at a steady rate; `grows` describes the end of it. */
const OTHER = { perSecond: 200, requests: 1_200, deadlineMs: 5_000, connections: 2 };
const WARM_UP = { ...OTHER, perSecond: 500, requests: 3_000 };
/** Largest growth of a process's memory while no follower reads, as a factor. */
const FLAT = 1.05;

interface Kind {
  readonly name: string;
  readonly launch: Launch;
  readonly method: DescMethodServerStreaming;
  readonly request: (follower: number) => Message;
  readonly followers: number;
  /** True if they take only the first item, although the stream sends at full speed. */
  readonly notReading?: boolean;
}

const method = RunService.method.followPlain;
const idle = () => create(FollowRequestSchema, { count: 1, stays: true });
const endless = () => create(FollowRequestSchema, { count: 10_000_000 });
const KINDS: readonly Kind[] = [
  {
    name: "protobff, idle, a topic",
    launch: SHARED,
    method: SharedService.method.followShared,
    request: (follower) => create(FollowSharedRequestSchema, { runId: `run-${follower % RUNS}` }),
    followers: IDLE,
  },
  {
    name: "protobff, idle, a topic, each its key",
    launch: SHARED,
    method: SharedService.method.followShared,
    request: (follower) => create(FollowSharedRequestSchema, { runId: `run-${follower}` }),
    followers: IDLE,
  },
  { name: "protobff, idle", launch: OURS, method, request: idle, followers: IDLE },
  { name: "connect-node, idle", launch: BY_HAND, method, request: idle, followers: IDLE_BY_HAND },
  { name: "protobff, not reading", launch: OURS, method, request: endless, followers: NOT_READING, notReading: true },
  {
    name: "connect-node, not reading",
    launch: BY_HAND,
    method,
    request: endless,
    followers: NOT_READING_BY_HAND,
    notReading: true,
  },
];

export async function runFollowers(options: RunOptions): Promise<ScenarioResult> {
  const variants: VariantResult[] = [];
  for (const kind of KINDS) {
    const upstream = await startUpstream(); // of its own: what it has buffered for others is gone
    try {
      const followers = options.quick ? kind.followers / QUICK_SHARE : kind.followers;
      const quiet = kind.notReading ? await withServer(kind, upstream, others) : undefined;
      const result = await measure(kind, upstream, followers);
      variants.push({ ...result, ...(quiet && { p50_ms_quiet: quiet.p50, p99_ms_quiet: quiet.p99 }) });
    } finally {
      await upstream.stop();
    }
  }
  const grown = variants.filter(({ name, grows }) => name.startsWith("protobff") && Number(grows) > FLAT);
  const failures = grown.map(
    ({ name, grows }) => `the memory of ${name} grows to ${Number(grows).toFixed(2)} × while nobody reads`,
  );
  return scenarioResult(options, { scenario: "followers", variants, left_out: [], failures, rounds: 1 });
}

function measure(kind: Kind, upstream: UpstreamProcess, followers: number): Promise<VariantResult> {
  return withServer(kind, upstream, async (server) => {
    const client = new GrpcClient(server.url);
    const open: OpenStream[] = [];
    try {
      await follow(client, kind, 0, open); // what the first of all loads and compiles is not theirs
      const before = await server.collect();
      while (open.length <= followers) {
        const some = Math.min(AT_A_TIME, followers + 1 - open.length);
        const first = open.length;
        await Promise.all(Array.from({ length: some }, (_, index) => follow(client, kind, first + index, open)));
      }
      const { rssBytes, grows, beside } = await settled(server, kind);
      const kb = (rssBytes - before.rssBytes) / 2 ** 10 / followers;
      console.log(`${kind.name.padEnd(28)} ${kb.toFixed(1)} KB/follower`);
      return {
        name: kind.name,
        followers,
        kb_per_follower: kb,
        rss_mb_before: before.rssBytes / 2 ** 20,
        rss_mb_followed: rssBytes / 2 ** 20,
        ...(grows !== undefined && { grows }),
        ...(beside && { p50_ms_beside: beside.p50, p99_ms_beside: beside.p99 }),
      };
    } finally {
      for (const stream of open) stream.cancel();
      await client.close();
    }
  });
}

interface Settled {
  readonly rssBytes: number;
  readonly grows?: number;
  readonly beside?: Waited;
}

async function settled(server: ServerProcess, { notReading }: Kind): Promise<Settled> {
  if (!notReading) return server.collect();
  await setTimeout(SETTLE_MS);
  const { rssBytes } = await server.collect();
  const beside = await others(server);
  const later = await server.collect();
  return { rssBytes, grows: later.rssBytes / rssBytes, beside };
}

interface Waited {
  readonly p50: number;
  readonly p99: number;
}

/** Returns the latency of a client that does not follow, in milliseconds. Throws when one of its requests fails. */
async function others(server: ServerProcess): Promise<Waited> {
  const { getAuthor } = RunService.method;
  const request = grpcRequest({ method: getAuthor }, server, forUser(getAuthor));
  const loop = { ...OTHER, kindOf: () => "answered" };
  await openLoop(request, { ...loop, ...WARM_UP });
  const { latenciesMs, kinds } = await openLoop(request, loop);
  if (kinds.get("answered") !== OTHER.requests)
    throw new Error(`another client is told ${JSON.stringify(Object.fromEntries(kinds))}`);
  return { p50: percentile(latenciesMs, 0.5), p99: percentile(latenciesMs, 0.99) };
}

/** Resolves with the first item. Throws when it ends before, or none comes for twenty seconds. */
export function follow(
  client: GrpcClient,
  kind: Pick<Kind, "name" | "method" | "request">,
  follower: number,
  open: OpenStream[],
): Promise<void> {
  const { method, request } = kind;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (how: string) => reject(new Error(`${kind.name}: follower ${follower} ${how}`));
  const timer = globalThis.setTimeout(fail, FIRST_ITEM_MS, "is given nothing");
  const stream = client.open(
    `/${method.parent.typeName}/${method.name}`,
    framed(toBinary(method.input, request(follower))),
    Number.POSITIVE_INFINITY,
    CALLER_HEADERS,
    {
      item: () => resolve(),
      ended: () => fail("is told the end"),
      faulted: ({ code, message }) => fail(`fails: ${code} ${message}`),
    },
  );
  open.push(stream);
  stream.take(1);
  return promise.finally(() => clearTimeout(timer));
}

// Three times the requests that a server can answer: what it answers, and how late.
import { type DescMethodUnary, fromBinary } from "@bufbuild/protobuf";
import { HomeService as BareService } from "../generated/bench/bare/v1/bare_pb.ts";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { grpcGo } from "../peers/grpc-go/program.ts";
import { type InstalledProxy, proxies, type Routes } from "../peers/proxies/programs.ts";
import { startProxy } from "../peers/proxies/start.ts";
import { h2load } from "../rig/h2load.ts";
import { type OpenResult, openLoop } from "../rig/open-loop.ts";
import { ALONE, OTHERS, pin, SERVER } from "../rig/placement.ts";
import { type RunOptions, type ScenarioResult, scenarioResult } from "../rig/result.ts";
import type { ServerProcess } from "../rig/server-process.ts";
import { percentile } from "../rig/statistics.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, type Prepared, type Variant, withServer } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";
import { goPeer } from "./go-peers.ts";

/**
 * Microseconds that each answer takes besides its composition. A request is then much more work than its refusal, and
 * the clients of an overload fit on one processor.
 */
const WORK = { BENCH_WORK_US: "1000", BFF_OBSERVER: "bench/rig/working-observer.ts" };
/** Requests in the open loop, as a multiple of those that the server answers in a closed loop. */
const LOAD = 3;
const DEADLINE_MS = 2_000;
/** Time after the deadline in which the generator does not reset a request, in milliseconds: the server ends it. */
const SLACK_MS = 1_000;
const CLOSED = { connections: 4, streams: 8 };
/** Seconds of the open loop, and its first ones, in which servers adapt. */
const FULL = { warmUp: 2_000, peak: 2_000, seconds: 12, adapting: 1, bursts: 50 };
const QUICK = { warmUp: 200, peak: 200, seconds: 2, adapting: 1, bursts: 4 };
/** Number of requests in a burst over one connection. On average, bursts are half of the peak. */
const BURST = 1_000;
/** A quota of 0.25 processors: time of each period in which the server runs. */
const QUOTA = { periodMs: 100, runsMs: 25 };
const COMPLETE = "complete";
const OTHER = "another answer";

/** The limit that Envoy's documentation configures, adjusted as often as ours. */
const ADAPTIVE_CONCURRENCY = {
  name: "envoy.filters.http.adaptive_concurrency",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency",
    gradient_controller_config: {
      sample_aggregate_percentile: { value: 90 },
      concurrency_limit_params: { concurrency_update_interval: "0.1s" },
      min_rtt_calc_params: { jitter: { value: 10 }, interval: "60s", request_count: 50 },
    },
    enabled: { default_value: true, runtime_key: "adaptive_concurrency.enabled" },
  },
};

interface Peak {
  readonly perSecond: number;
  readonly p99Ms: number;
}
type Sizes = typeof FULL;

export async function runOverload(options: RunOptions): Promise<ScenarioResult> {
  const size = options.quick ? QUICK : FULL;
  const bare = generatedVariant("bare", BareService.method.getHome);
  const off = working({ ...bare, name: "protobff, BFF_SHED_DELAY=0s" }, { BFF_SHED_DELAY: "0s" });
  const ours = working({ ...bare, name: "protobff, by default" });
  const go = goPeer(grpcGo, "fanout", HomeService.method.getHome);
  const envoy = proxies().installed.find(({ name }) => name === "envoy");
  const placed = pin(process.pid, OTHERS);
  const upstream = await startUpstream();
  const variants = [];
  try {
    for (const variant of [ours, off, ...("launch" in go ? [working(go)] : [])])
      variants.push(await measure(variant, upstream, size, placed));
    for (const situation of SITUATIONS) variants.push(await bursts({ ...bare, ...situation }, upstream, size, placed));
    if (envoy !== undefined)
      variants.push(await behindEnvoy(envoy, { ...off, name: "envoy in front" }, upstream, size));
  } finally {
    await upstream.stop();
  }
  return scenarioResult(options, {
    scenario: "overload",
    variants,
    left_out: [
      ...("reason" in go ? [go] : []),
      ...proxies().leftOut.filter(({ name }) => name === "envoy"),
      ...(placed ? [] : [ALONE]),
    ],
    failures: variants.flatMap(({ name, kinds }) =>
      OTHER in kinds ? [`${name} gives other answers: ${JSON.stringify(kinds)}`] : [],
    ),
    rounds: 1,
  });
}

function working(variant: Variant, env: Readonly<Record<string, string>> = {}): Variant {
  const { launch } = variant;
  return { ...variant, launch: { ...launch, env: { ...launch.env, ...WORK, ...env } } };
}

// ---- measuring ----

function measure(variant: Variant, upstream: UpstreamProcess, size: Sizes, placed: boolean) {
  return withServer(variant, upstream, async (server) => {
    const request = prepared(variant, server);
    const peak = await peakOf(server, request, size, placed);
    return figures(variant.name, peak, await overload(variant, request, peak, size), size);
  });
}

const routesTo = ({ method }: Variant, { url }: ServerProcess): Routes => ({
  [`/${method.parent.typeName}/`]: Number(new URL(url).port),
});

/** The server is the same, with refusals by Envoy only. */
async function behindEnvoy(envoy: InstalledProxy, variant: Variant, upstream: UpstreamProcess, size: Sizes) {
  return withServer(variant, upstream, async (server) => {
    const peak = await peakOf(server, prepared(variant, server), size, true);
    const proxied = await startProxy(envoy, routesTo(variant, server), [ADAPTIVE_CONCURRENCY]);
    try {
      const request = prepared(variant, { url: `http://127.0.0.1:${proxied.port}` });
      const result = await overload(variant, request, peak, size);
      return { ...figures(variant.name, peak, result, size), built_of: envoy.version };
    } finally {
      await proxied.stop();
    }
  });
}

const prepared = (variant: Variant, server: Pick<ServerProcess, "url">): Prepared =>
  grpcRequest(variant, server, forUser(variant.method), DEADLINE_MS);

async function peakOf(server: ServerProcess, request: Prepared, size: Sizes, placed: boolean): Promise<Peak> {
  if (placed) pin(server.pid, SERVER);
  await h2load(request, { ...CLOSED, requests: size.warmUp });
  const { requestsPerSecond, latenciesMs } = await h2load(request, { ...CLOSED, requests: size.peak });
  return { perSecond: requestsPerSecond, p99Ms: percentile(latenciesMs, 0.99) };
}

function overload(
  { method }: Variant,
  request: Prepared,
  { perSecond }: Peak,
  { seconds, adapting }: Sizes,
): Promise<OpenResult> {
  return openLoop(request, {
    perSecond: LOAD * perSecond,
    requests: Math.round(LOAD * perSecond * seconds),
    unmeasured: Math.round(LOAD * perSecond * adapting),
    deadlineMs: DEADLINE_MS + SLACK_MS,
    connections: CLOSED.connections,
    kindOf: (reply) => kindOf(reply, method),
  });
}

function figures(name: string, peak: Peak, { kinds, latenciesOf, lagsMs }: OpenResult, { seconds, adapting }: Sizes) {
  const complete = latenciesOf.get(COMPLETE) ?? [];
  const goodput = complete.length / (seconds - adapting);
  const p99Ms = percentile(complete, 0.99);
  console.log(
    `${name.padEnd(28)} peak ${peak.perSecond.toFixed(0)}/s, p99 ${peak.p99Ms.toFixed(0)} ms; at ${LOAD} times ${goodput.toFixed(0)}/s, p99 ${p99Ms.toFixed(0)} ms`,
    Object.fromEntries(kinds),
  );
  return {
    name,
    peak_per_second: peak.perSecond,
    peak_p99_ms: peak.p99Ms,
    goodput_per_second: goodput,
    goodput_ratio_to_peak: goodput / peak.perSecond,
    p50_ms: percentile(complete, 0.5),
    p99_ms: p99Ms,
    p99_ratio_to_peak: p99Ms / peak.p99Ms,
    kinds: Object.fromEntries(kinds),
    generator_lag_p99_ms: percentile(lagsMs, 0.99),
  };
}

function kindOf(reply: Buffer, method: DescMethodUnary): string {
  return unless(home)(fromBinary(method.output, reply.subarray(5)), method) === undefined ? COMPLETE : OTHER;
}

// ---- bursts ----

interface Situation {
  readonly name: string;
  readonly more: Readonly<Record<string, string>>;
  readonly hasQuota: boolean;
}
const COLLECTING = "--max-old-space-size=200 --expose-gc";
const SITUATIONS: readonly Situation[] = [
  { name: "bursts", more: {}, hasQuota: false },
  { name: "bursts, 0.25 processors", more: {}, hasQuota: true },
  {
    name: "bursts, heap of 200 MB, full collections",
    more: { NODE_OPTIONS: COLLECTING, BFF_OBSERVER: "bench/rig/collecting-observer.ts" },
    hasQuota: false,
  },
];

function bursts({ launch, ...variant }: Variant & Situation, upstream: UpstreamProcess, size: Sizes, placed: boolean) {
  const started = { ...variant, launch: { ...launch, env: { ...launch.env, ...variant.more } } };
  return withServer(started, upstream, async (server) => {
    const request = prepared(started, server);
    await peakOf(server, request, size, placed);
    const end = variant.hasQuota ? limited(server.pid) : () => {};
    try {
      const { perSecond, p99Ms } = await peakOf(server, request, size, placed);
      const result = await openLoop(request, {
        perSecond: perSecond / 2,
        requests: BURST * size.bursts,
        burst: BURST,
        deadlineMs: 60_000,
        connections: 1,
        kindOf: (reply) => kindOf(reply, variant.method),
      });
      const complete = result.latenciesOf.get(COMPLETE) ?? [];
      const kinds = Object.fromEntries(result.kinds);
      console.log(
        `${variant.name.padEnd(28)} peak ${perSecond.toFixed(0)}/s, ${size.bursts} bursts of ${BURST}`,
        kinds,
      );
      return {
        name: variant.name,
        peak_per_second: perSecond,
        peak_p99_ms: p99Ms,
        bursts: size.bursts,
        refused: BURST * size.bursts - complete.length,
        p99_ms: percentile(complete, 0.99),
        kinds,
      };
    } finally {
      end();
    }
  });
}

/** Stops and continues a process as a quota does. Returns the end of that. */
function limited(pid: number): () => void {
  const { periodMs, runsMs } = QUOTA;
  let timer = setTimeout(() => {}, 0);
  const run = (): void => {
    process.kill(pid, "SIGCONT");
    timer = setTimeout(stop, runsMs);
  };
  const stop = (): void => {
    process.kill(pid, "SIGSTOP");
    timer = setTimeout(run, periodMs - runsMs);
  };
  run();
  return () => {
    clearTimeout(timer);
    process.kill(pid, "SIGCONT");
  };
}

import { setTimeout } from "node:timers/promises";
import { type DescMethodUnary, fromBinary, fromJsonString, type Message } from "@bufbuild/protobuf";
import { Forwarding } from "./forwarding-cost.ts";
import { type IdsCost, idsCost } from "./fresh-ids.ts";
import type { Garbage } from "./garbage.ts";
import { h2load, type LoadResult } from "./h2load.ts";
import { type Answer, callOnce } from "./one-call.ts";
import type { PathCounters } from "./probe.ts";
import {
  type LeftOut,
  type RunOptions,
  recorded,
  type ScenarioResult,
  scenarioResult,
  type VariantResult,
} from "./result.ts";
import type { ServerProcess } from "./server-process.ts";
import { median, percentile } from "./statistics.ts";
import { startUpstream, total, type UpstreamProcess } from "./upstream-process.ts";
import { grpcRequest, jsonRequest, type Prepared, type Variant, withServer } from "./variant.ts";

/** A load on one composition, sent as fast as it is answered. */
export interface ClosedLoop {
  readonly name: string;
  readonly variants: readonly Variant[];
  /** Further variants; only the run itself finds out if they are available. */
  readonly peers?: () => Peers;
  /** A message of the variant's `method.input`. */
  readonly request: (method: DescMethodUnary) => Message;
  /** Returns the fault of an answer, a message of the variant's `method.output`; undefined for a good one. */
  readonly faultOf: (answer: Message, method: DescMethodUnary) => string | undefined;
  readonly json?: boolean;
  /** Addresses in place of the upstream's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Upstream calls of one request, which proxies forward one by one for comparison. */
  readonly forwarded?: readonly DescMethodUnary[];
  /** By default 4 connections with 8 streams, 10,000 requests after 6,000, three rounds, replies of exactly the checked length. */
  readonly size?: Partial<LoadSize>;
  /** Another variant that all are compared with, beside {@link BASELINES}. */
  readonly comparedWith?: string;
  /** True if the cost of fresh ids in each request is measured, too, for those in {@link WITH_IDS}. */
  readonly freshIds?: boolean;
  /** Returns the faults of the figures, beyond those of the answers. */
  readonly failures?: (variants: readonly VariantResult[]) => string[];
}

export interface Peers {
  readonly variants: readonly Variant[];
  readonly leftOut: readonly LeftOut[];
}

export interface LoadSize {
  readonly connections: number;
  readonly streams: number;
  /** One after the other, so that what compiles them is not overrun. */
  readonly first: number;
  /** So that everything is compiled; `first` is not among them, `cold` is. */
  readonly warmUp: number;
  /** Number of cold requests, from `first` on. No figure if the warm-up is shorter. */
  readonly cold: number;
  readonly measured: number;
  /**
   * Requests sent one after the other, with their allocations counted: enough to separate a request from its
   * connection.
   */
  readonly counted: number;
  /** With fresh ids, and as many with the same. */
  readonly ids: number;
  readonly rounds: number;
  /** Largest deviation of the mean length of replies under load from the checked one's, as a share of it. */
  readonly lengthTolerance: number;
}
const SIZE: LoadSize = {
  connections: 4,
  streams: 8,
  first: 100,
  warmUp: 6_000,
  cold: 2_500,
  measured: 10_000,
  counted: 200,
  ids: 2_000,
  rounds: 3,
  lengthTolerance: 0,
};
const BASELINES = ["connect-node", "grpc-js", "grpc-go", "grpc-federation", "envoy", "nginx"];
const WITH_IDS = ["protobff", "connect-node"];
const QUICK_SHARE = 20;
/** Code that is not compiled yet misses deadlines, and then parts of answers are missing. */
const QUICK = { rounds: 1, first: 10, connections: 1, streams: 4, lengthTolerance: 0.1 };
const REQUEST_MS = 10_000;
const RIGHT_WITHIN_MS = 10_000;
const ASK_AGAIN_MS = 200;
/** To bundle and start a server, check it and stop it. */
const START_SECONDS = 3;

/** CPU per request, in microseconds. */
interface Cold {
  /** CPU of the first requests. */
  readonly first: number;
  /** CPU of the same number, sent in the same order once the process is warm. */
  readonly again: number;
}

interface Sample {
  readonly cpuMicros: number;
  /** CPU of one of the first requests; undefined when they cannot be separated from the warm-up. */
  readonly cold: Cold | undefined;
  readonly load: LoadResult;
  readonly rssBytes: number;
  readonly maxRssBytes: number;
  /** Allocations of one request. */
  readonly garbage: Garbage;
  /** Deviation of the mean length of replies from the checked one's, as a share of it. */
  readonly lengthOff: number;
  readonly calls: number;
  readonly ids: IdsCost | undefined;
  readonly counters: PathCounters;
}

/** Runs all variants in interleaved rounds, a fresh process for each, over one upstream process. */
export async function runClosedLoop(loop: ClosedLoop, options: RunOptions): Promise<ScenarioResult> {
  const size = sizeOf(loop, options);
  const { variants: peers, leftOut } = peersOf(loop, options);
  const forwarding = new Forwarding(loop.forwarded ?? [], options.only);
  const measuredOnes = [...loop.variants, ...peers].filter(({ name }) => options.only?.includes(name) ?? true);
  const names = [...measuredOnes.map(({ name }) => name), ...forwarding.names];
  console.log(`${loop.name}: ${names.length} variants, ${size.rounds} rounds, ${expected(loop.name, names, size)}`);
  const started = performance.now();
  const upstream = await startUpstream();
  const samples = new Map<Variant, Sample[]>(measuredOnes.map((variant) => [variant, []]));
  try {
    for (let round = 0; round < size.rounds; round++) {
      for (const [variant, measured] of samples) {
        const ids = WITH_IDS.includes(variant.name) && loop.freshIds ? size.ids : 0;
        const sample = await measure(loop, variant, { ...size, ...(round > 0 && { counted: 0 }), ids }, upstream);
        measured.push(sample);
        progress(started, round, variant.name, sample.cpuMicros / size.measured);
      }
      await forwarding.round(size, upstream, (name, cpuMicros) => progress(started, round, name, cpuMicros));
    }
  } finally {
    await upstream.stop();
  }
  const baselines = [...BASELINES, ...(loop.comparedWith === undefined ? [] : [loop.comparedWith])];
  const variants = withRatios(
    [...[...samples].map(([variant, measured]) => summary(variant, measured, size)), ...forwarding.results()],
    baselines,
  );
  return scenarioResult(options, {
    scenario: loop.name,
    variants,
    left_out: [...leftOut, ...forwarding.leftOut],
    failures: loop.failures?.(variants) ?? [],
    rounds: size.rounds,
  });
}

/** Peers in Go are built only if one of them may be measured. */
function peersOf({ variants, peers }: ClosedLoop, { only }: RunOptions): Peers {
  const ours = only?.every((name) => variants.some((variant) => variant.name === name)) ?? false;
  return (ours ? undefined : peers?.()) ?? { variants: [], leftOut: [] };
}

function progress(started: number, round: number, name: string, cpuMicros: number): void {
  const seconds = (performance.now() - started) / 1_000;
  const figure = `${cpuMicros.toFixed(0).padStart(6)} µs/request`;
  console.log(`${seconds.toFixed(0).padStart(4)} s  round ${round + 1} ${name.padEnd(24)} ${figure}`);
}

/** By the recorded throughput of each variant. Without a record a variant counts like the slowest. */
function expected(scenario: string, names: readonly string[], size: LoadSize): string {
  const known = new Map(
    recorded(scenario)?.variants.map((variant) => [variant.name, variant.requests_per_second ?? 0]),
  );
  const slowest = Math.min(...known.values());
  if (!(slowest > 0)) return "not measured before";
  const requests = size.first + size.warmUp + size.cold + size.measured;
  const each = names.map((name) => START_SECONDS + requests / (known.get(name) ?? slowest));
  return `about ${Math.ceil((size.rounds * each.reduce((a, b) => a + b, 0)) / 60)} min`;
}

function sizeOf(loop: ClosedLoop, { quick }: RunOptions): LoadSize {
  const full = { ...SIZE, ...loop.size };
  if (!quick) return full;
  const few = (count: number) => Math.round(count / QUICK_SHARE);
  return {
    ...full,
    ...QUICK,
    warmUp: few(full.warmUp),
    cold: few(full.cold),
    counted: few(full.counted),
    ids: few(full.ids),
    measured: few(full.measured),
  };
}

function measure(loop: ClosedLoop, variant: Variant, size: LoadSize, upstream: UpstreamProcess): Promise<Sample> {
  const onServer = async (server: ServerProcess): Promise<Sample> => {
    const message = loop.request(variant.method);
    const prepared = isJson(loop, variant) ? jsonRequest : grpcRequest;
    const request = prepared(variant, server, message);
    await checkedAnswer(loop, variant, request);
    const coldCpu = await warmedUp(server, request, size);
    const { body } = await checkedAnswer(loop, variant, request);
    const before = await server.usage();
    const garbageBefore = await server.garbage();
    const callsBefore = total(await upstream.calls());
    const result = await h2load(request, { ...size, requests: size.measured });
    const after = await server.usage();
    const garbageAfter = await server.garbage();
    const calls = total(await upstream.calls()) - callsBefore;
    const off = Math.abs(result.replyBytes - body.length) / body.length;
    if (off > size.lengthTolerance) {
      throw new Error(
        `replies of ${variant.name} had ${result.replyBytes} bytes on average, the checked one ${body.length}`,
      );
    }
    const cold = coldCpu === undefined ? undefined : { first: coldCpu, again: await coldOrder(server, request, size) };
    const garbage = perRequest(garbageBefore, garbageAfter, size.measured);
    const objects = garbage.objects ?? (await allocations(server, request, size.counted));
    const { ids: requests, lengthTolerance } = size;
    const ids =
      requests === 0 ? undefined : await idsCost(server, request, { ...size, requests }, body.length, lengthTolerance);
    return {
      cpuMicros: after.cpuMicros - before.cpuMicros,
      cold,
      load: result,
      rssBytes: after.rssBytes,
      maxRssBytes: after.maxRssBytes,
      garbage: { ...garbage, ...(objects !== undefined && { objects }) },
      lengthOff: off,
      calls,
      ids,
      counters: await server.stop(),
    };
  };
  return withServer(variant, upstream, onServer, loop.env);
}

/** Gives the CPU of one of the first requests, in microseconds. */
async function warmedUp(server: ServerProcess, request: Prepared, size: LoadSize): Promise<number | undefined> {
  const { first, warmUp, cold } = size;
  if (first + warmUp < cold) {
    await h2load(request, { connections: 1, streams: 1, requests: first });
    await h2load(request, { ...size, requests: warmUp });
    return undefined;
  }
  const cpuMicros = await coldOrder(server, request, size);
  await h2load(request, { ...size, requests: first + warmUp - cold });
  return cpuMicros;
}

/**
 * Sends requests as at the beginning, one after the other and then many at a time; returns the CPU of a request, in
 * microseconds.
 */
async function coldOrder(server: ServerProcess, request: Prepared, size: LoadSize): Promise<number> {
  const { first, cold } = size;
  const before = await server.usage();
  await h2load(request, { connections: 1, streams: 1, requests: first });
  await h2load(request, { ...size, requests: cold - first });
  const after = await server.usage();
  return (after.cpuMicros - before.cpuMicros) / cold;
}

function perRequest(before: Garbage, after: Garbage, requests: number): Garbage {
  const each = (figure: (garbage: Garbage) => number) => (figure(after) - figure(before)) / requests;
  return {
    heapBytes: each(({ heapBytes }) => heapBytes),
    gcMicros: each(({ gcMicros }) => gcMicros),
    ...(after.objects !== undefined && { objects: each(({ objects }) => objects ?? 0) }),
  };
}

/** Counts the allocations of one request; undefined when the number of requests is zero. */
async function allocations(server: ServerProcess, request: Prepared, requests: number): Promise<number | undefined> {
  if (requests === 0) return undefined;
  await server.countAllocations();
  await h2load(request, { connections: 1, streams: 1, requests });
  return (await server.allocations()) / requests;
}

/**
 * Repeats the request until the answer is the expected one. Throws without one within ten seconds. Code that is not
 * compiled yet may miss a deadline of 80 ms, often enough to open a breaker for five seconds.
 */
async function checkedAnswer(loop: ClosedLoop, variant: Variant, request: Prepared): Promise<Answer> {
  const { name, method } = variant;
  const until = performance.now() + RIGHT_WITHIN_MS;
  for (;;) {
    const answer = await callOnce(request, REQUEST_MS);
    const fault = isJson(loop, variant) ? jsonFault(loop, method, answer) : grpcFault(loop, method, answer);
    if (fault === undefined) return answer;
    if (performance.now() > until) throw new Error(`${name} in ${loop.name}: ${fault}`);
    await setTimeout(ASK_AGAIN_MS);
  }
}

const isJson = (loop: ClosedLoop, variant: Variant): boolean => variant.json ?? loop.json === true;

function grpcFault(loop: ClosedLoop, method: DescMethodUnary, { grpcStatus, body }: Answer): string | undefined {
  if (grpcStatus !== 0) return `answers with gRPC status ${grpcStatus}`;
  return loop.faultOf(fromBinary(method.output, body.subarray(5)), method);
}

function jsonFault(loop: ClosedLoop, method: DescMethodUnary, { status, body }: Answer): string | undefined {
  if (status !== 200) return `answers with HTTP status ${status}: ${body}`;
  return loop.faultOf(fromJsonString(method.output, body.toString()), method);
}

function summary({ name, builtOf }: Variant, samples: readonly Sample[], { measured }: LoadSize): VariantResult {
  const over = (figure: (sample: Sample) => number) => median(samples.map(figure));
  const cpu = over((sample) => sample.cpuMicros / measured);
  const counters = samples.at(-1)?.counters ?? {};
  return {
    name,
    cpu_us_per_request: cpu,
    cpu_us_min: Math.min(...samples.map((sample) => sample.cpuMicros / measured)),
    requests_per_second: over((sample) => sample.load.requestsPerSecond),
    p50_ms: over((sample) => percentile(sample.load.latenciesMs, 0.5)),
    p95_ms: over((sample) => percentile(sample.load.latenciesMs, 0.95)),
    p99_ms: over((sample) => percentile(sample.load.latenciesMs, 0.99)),
    rss_mb: over((sample) => sample.rssBytes) / 2 ** 20,
    max_rss_mb: Math.max(...samples.map((sample) => sample.maxRssBytes)) / 2 ** 20,
    ...coldFigures(samples, cpu),
    garbage_kb_per_request: over((sample) => sample.garbage.heapBytes) / 2 ** 10,
    allocations_per_request: median(samples.flatMap(({ garbage }) => garbage.objects ?? [])),
    gc_us_per_request: over((sample) => sample.garbage.gcMicros),
    upstream_calls_per_request: over((sample) => sample.calls / measured),
    ...ids(samples.flatMap((sample) => sample.ids ?? [])),
    ...(samples.some((sample) => sample.lengthOff > 0) && { reply_length_off: over((sample) => sample.lengthOff) }),
    ...(Object.keys(counters).length > 0 && { fast_paths: counters }),
    ...(builtOf !== undefined && { built_of: builtOf }),
  };
}

function coldFigures(samples: readonly Sample[], warm: number) {
  const colds = samples.flatMap(({ cold }) => cold ?? []);
  if (colds.length === 0) return {};
  const first = median(colds.map((cold) => cold.first));
  const again = median(colds.map((cold) => cold.again));
  return { cold_cpu_us_per_request: first, cold_ratio: first / warm, cold_order_ratio: first / again };
}

function ids(costs: readonly IdsCost[]) {
  if (costs.length === 0) return {};
  const [same, fresh] = [median(costs.map((cost) => cost.same)), median(costs.map((cost) => cost.fresh))];
  return { same_ids_cpu_us_per_request: same, fresh_ids_cpu_us_per_request: fresh };
}

/** Adds `ratio_to_<baseline>`, CPU by CPU, where the run has that variant. */
function withRatios(variants: readonly VariantResult[], baselines: readonly string[]): VariantResult[] {
  const ratios = (cpu: number) =>
    baselines.flatMap((baseline) => {
      const other = variants.find(({ name }) => name === baseline)?.cpu_us_per_request;
      return other === undefined ? [] : [[`ratio_to_${baseline.replaceAll("-", "_")}`, cpu / other]];
    });
  const byHand = variants.find(({ name }) => name === "connect-node")?.fresh_ids_cpu_us_per_request;
  return variants.map((variant) => ({
    ...variant,
    ...Object.fromEntries(ratios(variant.cpu_us_per_request ?? Number.NaN)),
    ...(byHand !== undefined &&
      variant.fresh_ids_cpu_us_per_request !== undefined && {
        fresh_ids_ratio_to_connect_node: variant.fresh_ids_cpu_us_per_request / byHand,
      }),
  }));
}

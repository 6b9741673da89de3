// The fan-out at half of what the server can do: what a client waits, by the framing of the server.
import { type DescMethodUnary, fromBinary } from "@bufbuild/protobuf";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { grpcGo } from "../peers/grpc-go/program.ts";
import { h2load } from "../rig/h2load.ts";
import { openLoop } from "../rig/open-loop.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { median, percentile } from "../rig/statistics.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, type Variant, withServer } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";
import { goPeer } from "./go-peers.ts";

const method = HomeService.method.getHome;
const COMPLETE = "complete";
/** Explicitly, whatever the default is. */
function ours(http2: "node" | "own"): Variant {
  const variant = generatedVariant("fanout", method, `protobff-${http2}-server`);
  return { ...variant, launch: { ...variant.launch, env: { BFF_HTTP2_SERVER: http2 } } };
}
const ON_NODE = ours("node");
const FULL = { rounds: 3, warmUp: 6_000, saturating: 10_000, requests: 20_000 };
const QUICK = { rounds: 1, warmUp: 300, saturating: 500, requests: 500 };
const LOAD = { connections: 4, streams: 8 };

interface Sample {
  readonly latenciesMs: readonly number[];
  readonly lagsMs: readonly number[];
  readonly kinds: ReadonlyMap<string, number>;
  readonly cpuMicros: number;
}

export async function runHalf({ quick, ...options }: RunOptions): Promise<ScenarioResult> {
  const size = quick ? QUICK : FULL;
  const go = goPeer(grpcGo, "fanout", method);
  const variants = [ON_NODE, ours("own"), ...("launch" in go ? [go] : [])];
  const samples = new Map<Variant, Sample[]>(variants.map((variant) => [variant, []]));
  const upstream = await startUpstream();
  let perSecond = 0;
  try {
    perSecond = (await saturation(upstream, size)) / 2;
    for (let round = 0; round < size.rounds; round++) {
      for (const [variant, measured] of samples) measured.push(await measure(variant, upstream, perSecond, size));
    }
  } finally {
    await upstream.stop();
  }
  const results = [...samples].map(([{ name }, measured]) => summary(name, measured, perSecond, size));
  return scenarioResult(
    { quick, ...options },
    {
      scenario: "half",
      variants: results,
      left_out: "reason" in go ? [go] : [],
      failures: results.flatMap(({ name, complete, kinds }) =>
        complete === 1 ? [] : [`${name} gives other answers: ${JSON.stringify(kinds)}`],
      ),
      rounds: size.rounds,
    },
  );
}

/** Requests per second of the server on node:http2, which is the slower one: all get half of them. */
function saturation(upstream: UpstreamProcess, { warmUp, saturating }: typeof FULL): Promise<number> {
  return withServer(ON_NODE, upstream, async (server) => {
    const request = grpcRequest(ON_NODE, server, forUser(method));
    await h2load(request, { ...LOAD, requests: warmUp });
    return (await h2load(request, { ...LOAD, requests: saturating })).requestsPerSecond;
  });
}

function measure(variant: Variant, upstream: UpstreamProcess, perSecond: number, size: typeof FULL): Promise<Sample> {
  return withServer(variant, upstream, async (server) => {
    const request = grpcRequest(variant, server, forUser(method));
    await h2load(request, { ...LOAD, requests: size.warmUp });
    const loop = {
      perSecond,
      deadlineMs: 5_000,
      connections: LOAD.connections,
      kindOf: (reply: Buffer) => kindOf(reply, method),
    };
    await openLoop(request, { ...loop, requests: size.requests / 10 });
    const before = await server.usage();
    const { latenciesMs, lagsMs, kinds } = await openLoop(request, { ...loop, requests: size.requests });
    const after = await server.usage();
    console.log(`${variant.name.padEnd(22)} p99 ${percentile(latenciesMs, 0.99).toFixed(1)} ms`);
    return { latenciesMs, lagsMs, kinds, cpuMicros: (after.cpuMicros - before.cpuMicros) / size.requests };
  });
}

function summary(name: string, samples: readonly Sample[], perSecond: number, { requests }: typeof FULL) {
  const over = (figure: (sample: Sample) => number) => median(samples.map(figure));
  return {
    name,
    per_second: perSecond,
    p50_ms: over(({ latenciesMs }) => percentile(latenciesMs, 0.5)),
    p95_ms: over(({ latenciesMs }) => percentile(latenciesMs, 0.95)),
    p99_ms: over(({ latenciesMs }) => percentile(latenciesMs, 0.99)),
    cpu_us_per_request: over(({ cpuMicros }) => cpuMicros),
    generator_lag_p99_ms: over(({ lagsMs }) => percentile(lagsMs, 0.99)),
    complete: Math.min(...samples.map(({ kinds }) => (kinds.get(COMPLETE) ?? 0) / requests)),
    kinds: samples.map(({ kinds }) => Object.fromEntries(kinds)),
  } satisfies VariantResult;
}

function kindOf(reply: Buffer, { output }: DescMethodUnary): string {
  return unless(home)(fromBinary(output, reply.subarray(5)), method) === undefined ? COMPLETE : "another answer";
}

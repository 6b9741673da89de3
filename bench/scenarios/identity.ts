// What it costs to know who is calling, to judge whether they may, and to tell three upstreams; and what refusals cost.
import { type DescMethodUnary, fromBinary } from "@bufbuild/protobuf";
import { HomeService as OpenService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { HomeService } from "../generated/bench/identity/v1/identity_pb.ts";
import { type Callers, startCallers } from "../rig/callers.ts";
import { h2load } from "../rig/h2load.ts";
import { callOnce } from "../rig/one-call.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { median, percentile } from "../rig/statistics.ts";
import { startUpstream, total, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, type Prepared, type Variant, withServer } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";
import { lookUps } from "./identity-look-ups.ts";

const OK = 0;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;
const CALLS = 3;

/** One kind of caller, and what becomes of their requests. */
interface Asking {
  readonly variant: Variant;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

interface Sample {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
  readonly calls: number;
}

const SIZE = { rounds: 5, connections: 4, streams: 8, warmUp: 6_000, measured: 10_000 };
const QUICK = { rounds: 1, connections: 1, streams: 4, warmUp: 300, measured: 500 };
const ASK_MS = 10_000;

export async function runIdentity(options: RunOptions): Promise<ScenarioResult> {
  const size = options.quick ? QUICK : SIZE;
  const upstream = await startUpstream();
  const callers = await startCallers();
  try {
    const kinds = askings(callers);
    const samples = new Map<Asking, Sample[]>(kinds.map((asking) => [asking, []]));
    for (let round = 0; round < size.rounds; round++) {
      for (const [asking, measured] of samples) {
        const sample = await measure(asking, size, upstream);
        measured.push(sample);
        console.log(
          `round ${round + 1} ${asking.variant.name.padEnd(16)} ${sample.cpuMicros.toFixed(1).padStart(6)} µs/request`,
        );
      }
    }
    const variants = [...samples].map(([{ variant, status }, measured]) => summary(variant.name, status, measured));
    const beside = await lookUps(callers, options.quick);
    return scenarioResult(options, {
      scenario: "identity",
      variants: [...withRatios(variants), ...beside.variants],
      left_out: beside.leftOut,
      failures: [],
      rounds: size.rounds,
    });
  } finally {
    await callers.close();
    await upstream.stop();
  }
}

/** The first is what those that are answered are compared with, the second what refusals are. */
function askings({ env, tokens, keys }: Callers): readonly Asking[] {
  const known = (name: string): Variant => {
    const variant = generatedVariant("identity", HomeService.method.getHome, name);
    return { ...variant, launch: { ...variant.launch, env } };
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  return [
    { variant: generatedVariant("fanout", OpenService.method.getHome, WITHOUT), headers: {}, status: OK },
    { variant: known(WARM), headers: bearer(tokens.good), status: OK },
    { variant: known("API key"), headers: { "x-api-key": keys.good }, status: OK },
    { variant: LEAST, headers: {}, status: UNAUTHENTICATED },
    { variant: known("expired token"), headers: bearer(tokens.expired), status: UNAUTHENTICATED },
    { variant: known("bad key"), headers: { "x-api-key": keys.unknown }, status: UNAUTHENTICATED },
    { variant: known("refused permit"), headers: bearer(tokens.other), status: PERMISSION_DENIED },
  ];
}
/** Under all refusals: what node:http2 takes to read a request and to write a status. */
const LEAST: Variant = {
  name: "node:http2 alone",
  method: OpenService.method.getHome,
  launch: { entry: "bench/rig/refusing-server.ts" },
};
const WITHOUT = "without identity";
const WARM = "token";

function measure(asking: Asking, size: typeof SIZE, upstream: UpstreamProcess): Promise<Sample> {
  const { variant } = asking;
  return withServer(variant, upstream, async (server) => {
    const request = requestOf(asking, grpcRequest(variant, server, forUser(variant.method)));
    const bytes = await checked(asking, request);
    await h2load(request, { ...size, requests: size.warmUp });
    await checked(asking, request);
    const before = await server.usage();
    const callsBefore = total(await upstream.calls());
    const load = await h2load(request, { ...size, requests: size.measured });
    const after = await server.usage();
    if (load.replyBytes !== bytes)
      throw new Error(`replies to ${variant.name} had ${load.replyBytes} bytes on average, the checked one ${bytes}`);
    return {
      cpuMicros: (after.cpuMicros - before.cpuMicros) / size.measured,
      perSecond: load.requestsPerSecond,
      latenciesMs: load.latenciesMs,
      calls: (total(await upstream.calls()) - callsBefore) / size.measured,
    };
  });
}

/** What is not a caller's own stays as in every scenario; where a key is sent, no token is. */
function requestOf({ headers, variant }: Asking, prepared: Prepared): Prepared {
  if (variant.name === WITHOUT) return prepared;
  const { authorization: _, ...rest } = prepared.headers;
  return { ...prepared, headers: { ...rest, ...headers } };
}

/** The length of the answer, which has the expected status and message. */
async function checked({ variant: { name, method }, status }: Asking, request: Prepared): Promise<number> {
  const { grpcStatus, body } = await callOnce(request, ASK_MS);
  if (grpcStatus !== status) throw new Error(`${name} gets gRPC status ${grpcStatus} in place of ${status}`);
  const fault = status === OK ? faultOf(body, method) : undefined;
  if (fault !== undefined) throw new Error(`${name}: ${fault}`);
  return body.length;
}
function faultOf(body: Buffer, method: DescMethodUnary): string | undefined {
  return unless(home)(fromBinary(method.output, body.subarray(5)), method);
}

function summary(
  name: string,
  status: number,
  samples: readonly Sample[],
): VariantResult & { readonly status: number } {
  const over = (figure: (sample: Sample) => number) => median(samples.map(figure));
  const calls = over((sample) => sample.calls);
  const wanted = status === OK ? CALLS : 0;
  if (calls !== wanted) throw new Error(`${name} makes ${calls} upstream calls per request in place of ${wanted}`);
  return {
    name,
    status,
    cpu_us_per_request: over((sample) => sample.cpuMicros),
    cpu_us_min: Math.min(...samples.map((sample) => sample.cpuMicros)),
    requests_per_second: over((sample) => sample.perSecond),
    p50_ms: over((sample) => percentile(sample.latenciesMs, 0.5)),
    p99_ms: over((sample) => percentile(sample.latenciesMs, 0.99)),
    upstream_calls_per_request: calls,
  };
}

function withRatios(variants: readonly (VariantResult & { readonly status: number })[]): VariantResult[] {
  const cpu = (name: string) => variants.find((variant) => variant.name === name)?.cpu_us_per_request ?? Number.NaN;
  return variants.map(({ status, ...variant }) => {
    const own = variant.cpu_us_per_request ?? Number.NaN;
    if (status === OK) return { ...variant, ratio_to_without: own / cpu(WITHOUT) };
    return {
      ...variant,
      ratio_to_answered: own / cpu(WARM),
      ratio_above_least: (own - cpu(LEAST.name)) / cpu(WARM),
    };
  });
}

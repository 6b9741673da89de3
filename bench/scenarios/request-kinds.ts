// Sends requests of several kinds to one BFF or several: measures the cost of each, and checks each answer.
import { type DescMethodUnary, fromBinary, type Message } from "@bufbuild/protobuf";
import { h2load } from "../rig/h2load.ts";
import { callOnce } from "../rig/one-call.ts";
import type { VariantResult } from "../rig/result.ts";
import { median, percentile } from "../rig/statistics.ts";
import { total, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, grpcRequest, type Prepared, type Variant, withServer } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";

export const OK = 0;
const CALLS = 3;
const REQUEST_MS = 10_000;

/** One kind of request, with its expected status. */
export interface RequestKind {
  readonly variant: Variant;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  /** True if one request goes out before, to use up the limit or quota. */
  readonly first?: boolean;
  /** The request's message. Default: that of most scenarios. */
  readonly message?: Message;
}

interface Sample {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
  readonly calls: number;
}

const SIZE = { rounds: 3, connections: 4, streams: 8, warmUp: 40_000, measured: 20_000 };
const QUICK = { rounds: 1, connections: 1, streams: 4, warmUp: 300, measured: 500 };

/** Measures all of them, round by round. */
export async function measureAll(
  kinds: readonly RequestKind[],
  quick: boolean,
  upstream: UpstreamProcess,
): Promise<{ readonly rounds: number; readonly variants: readonly Summary[] }> {
  const size = quick ? QUICK : SIZE;
  const samples = new Map<RequestKind, Sample[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < size.rounds; round++) {
    for (const [kind, measured] of samples) {
      const sample = await measure(kind, size, upstream);
      measured.push(sample);
      console.log(
        `round ${round + 1} ${kind.variant.name.padEnd(24)} ${sample.cpuMicros.toFixed(1).padStart(6)} µs/request`,
      );
    }
  }
  const variants = [...samples].map(([{ variant, status }, measured]) => summary(variant.name, status, measured));
  return { rounds: size.rounds, variants };
}

function measure(kind: RequestKind, size: typeof SIZE, upstream: UpstreamProcess): Promise<Sample> {
  const { variant } = kind;
  return withServer(variant, upstream, async (server) => {
    const request = requestOf(kind, grpcRequest(variant, server, kind.message ?? forUser(variant.method)));
    if (kind.first) await callOnce(request, REQUEST_MS);
    const bytes = await checked(kind, request);
    await h2load(request, { ...size, requests: size.warmUp });
    await checked(kind, request);
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

/** Adds the caller's headers to those of every scenario; a caller with headers sends no other token. */
function requestOf({ headers }: RequestKind, prepared: Prepared): Prepared {
  if (Object.keys(headers).length === 0) return prepared;
  const { authorization: _, ...rest } = prepared.headers;
  return { ...prepared, headers: { ...rest, ...headers } };
}

/** The length of the answer, which has the expected status and message. */
async function checked({ variant: { name, method }, status }: RequestKind, request: Prepared): Promise<number> {
  const { grpcStatus, body } = await callOnce(request, REQUEST_MS);
  if (grpcStatus !== status) throw new Error(`${name} gets gRPC status ${grpcStatus} in place of ${status}`);
  const fault = status === OK ? faultOf(body, method) : undefined;
  if (fault !== undefined) throw new Error(`${name}: ${fault}`);
  return body.length;
}
function faultOf(body: Buffer, method: DescMethodUnary): string | undefined {
  return unless(home)(fromBinary(method.output, body.subarray(5)), method);
}

export type Summary = VariantResult & { readonly status: number };

function summary(name: string, status: number, samples: readonly Sample[]): Summary {
  const over = (figure: (sample: Sample) => number) => median(samples.map(figure));
  const calls = over((sample) => sample.calls);
  const expected = status === OK ? CALLS : 0;
  if (calls !== expected) throw new Error(`${name} makes ${calls} upstream calls per request in place of ${expected}`);
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

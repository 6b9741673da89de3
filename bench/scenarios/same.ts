// Sends a thousand equal requests a second to upstreams whose answers are fresh for a second, and counts the calls of
// each upstream.
import { type DescMethodUnary, fromBinary } from "@bufbuild/protobuf";
import { HomeService } from "../generated/bench/cached/v1/cached_pb.ts";
import { HomeService as UnhedgedService } from "../generated/bench/unhedged/v1/unhedged_pb.ts";
import { openLoop } from "../rig/open-loop.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { percentile } from "../rig/statistics.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, type Variant, withServer } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";

const PER_SECOND = 1_000;
const MAX_CALLS_PER_SECOND = 2;
const COMPLETE = "complete";

export async function runSame(options: RunOptions): Promise<ScenarioResult> {
  const seconds = options.quick ? 3 : 30;
  const upstream = await startUpstream();
  try {
    const cached = await measure(generatedVariant("cached", HomeService.method.getHome), upstream, seconds);
    const off = await measure(
      generatedVariant("unhedged", UnhedgedService.method.getHome, "cache-off"),
      upstream,
      seconds,
    );
    const most = Math.max(...Object.values(cached.calls));
    return scenarioResult(options, {
      scenario: "same",
      variants: [cached, off],
      left_out: [],
      failures: [
        ...(most > MAX_CALLS_PER_SECOND * (seconds + 1) ? [`${most} calls of one method in ${seconds} s`] : []),
        ...(cached.complete === 1 ? [] : [`other answers: ${JSON.stringify(cached.kinds)}`]),
      ],
      rounds: 1,
    });
  } finally {
    await upstream.stop();
  }
}

async function measure(variant: Variant, upstream: UpstreamProcess, seconds: number) {
  return withServer(variant, upstream, async (server) => {
    const { name, method } = variant;
    const request = grpcRequest(variant, server, forUser(method));
    const before = await server.usage();
    const callsBefore = await upstream.calls();
    const startedAt = performance.now();
    const requests = PER_SECOND * seconds;
    const { kinds, latenciesMs, lagsMs } = await openLoop(request, {
      perSecond: PER_SECOND,
      requests,
      deadlineMs: 5_000,
      connections: 4,
      kindOf: (reply) => kindOf(reply, method),
    });
    const took = (performance.now() - startedAt) / 1_000;
    const after = await server.usage();
    const calls = difference(await upstream.calls(), callsBefore);
    console.log(`${name.padEnd(16)} ${JSON.stringify(calls)} in ${took.toFixed(1)} s`);
    return {
      name,
      calls_per_second_of_a_method: Math.max(...Object.values(calls)) / took,
      cpu_us_per_request: (after.cpuMicros - before.cpuMicros) / requests,
      p50_ms: percentile(latenciesMs, 0.5),
      p95_ms: percentile(latenciesMs, 0.95),
      p99_ms: percentile(latenciesMs, 0.99),
      complete: (kinds.get(COMPLETE) ?? 0) / requests,
      kinds: Object.fromEntries(kinds),
      generator_lag_p99_ms: percentile(lagsMs, 0.99),
      calls,
    } satisfies VariantResult;
  });
}

function difference(after: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>) {
  const each = Object.entries(after).map(([path, count]): [string, number] => [path, count - (before[path] ?? 0)]);
  return Object.fromEntries(each.filter(([, count]) => count > 0));
}

function kindOf(reply: Buffer, method: DescMethodUnary): string {
  return unless(home)(fromBinary(method.output, reply.subarray(5)), method) === undefined ? COMPLETE : "another answer";
}

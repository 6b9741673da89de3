// Three calls of 10 ms, of which one in a hundred takes 200 ms: the slowest answers with and without hedging, and the calls that it costs.
import { type DescMethodUnary, fromBinary } from "@bufbuild/protobuf";
import { HomeService as HedgedService } from "../generated/bench/hedged/v1/hedged_pb.ts";
import { HomeService as UnhedgedService } from "../generated/bench/unhedged/v1/unhedged_pb.ts";
import { h2load } from "../rig/h2load.ts";
import { openLoop } from "../rig/open-loop.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { percentile } from "../rig/statistics.ts";
import type { Behaviour } from "../rig/upstream.ts";
import { startUpstream, total, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, type Variant, withServer } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";

const CALLS = 3;
const PER_SECOND = 200;
const DEADLINE_MS = 2_000;
const NOW_AND_THEN: Behaviour = { delayMs: 10, slowShare: 0.01, slowMs: 200 };
const BEHAVIOUR = {
  "/bench.up.v1.ProfileService/GetProfile": NOW_AND_THEN,
  "/bench.up.v1.ItemService/ListItems": NOW_AND_THEN,
  "/bench.up.v1.SettingsService/GetSettings": NOW_AND_THEN,
};
const COMPLETE = "complete";

export async function runTail(options: RunOptions): Promise<ScenarioResult> {
  const upstream = await startUpstream();
  try {
    const hedged = generatedVariant("hedged", HedgedService.method.getHome);
    const unhedged = generatedVariant("unhedged", UnhedgedService.method.getHome, "hedging-off");
    const off = await measure(unhedged, upstream, options.quick);
    const on = await measure(hedged, upstream, options.quick);
    const incomplete = [on, off].filter((variant) => variant.complete !== 1);
    return scenarioResult(options, {
      scenario: "tail",
      variants: [{ ...on, p99_ratio_to_hedging_off: (on.p99_ms ?? Number.NaN) / (off.p99_ms ?? Number.NaN) }, off],
      left_out: [],
      failures: incomplete.map(({ name, kinds }) => `${name} gives other answers: ${JSON.stringify(kinds)}`),
      rounds: 1,
    });
  } finally {
    await upstream.stop();
  }
}

async function measure(variant: Variant, upstream: UpstreamProcess, quick: boolean): Promise<VariantResult> {
  await upstream.behave({});
  return withServer(variant, upstream, async (server) => {
    const { name, method } = variant;
    const request = grpcRequest(variant, server, forUser(method), DEADLINE_MS);
    await h2load(request, { requests: quick ? 500 : 6_000, connections: 4, streams: 8 });
    await upstream.behave(BEHAVIOUR);
    const requests = quick ? 600 : 10_000;
    const callsBefore = total(await upstream.calls());
    const { kinds, latenciesMs, lagsMs } = await openLoop(request, {
      perSecond: PER_SECOND,
      requests,
      deadlineMs: DEADLINE_MS,
      connections: 4,
      kindOf: (reply) => kindOf(reply, method),
    });
    const calls = total(await upstream.calls()) - callsBefore;
    console.log(`${name.padEnd(16)} p99 ${percentile(latenciesMs, 0.99).toFixed(0)} ms`);
    return {
      name,
      p50_ms: percentile(latenciesMs, 0.5),
      p95_ms: percentile(latenciesMs, 0.95),
      p99_ms: percentile(latenciesMs, 0.99),
      upstream_calls_per_request: calls / requests,
      extra_calls: calls / (requests * CALLS) - 1,
      complete: (kinds.get(COMPLETE) ?? 0) / requests,
      kinds: Object.fromEntries(kinds),
      generator_lag_p99_ms: percentile(lagsMs, 0.99),
    };
  });
}

function kindOf(reply: Buffer, method: DescMethodUnary): string {
  return unless(home)(fromBinary(method.output, reply.subarray(5)), method) === undefined ? COMPLETE : "another answer";
}

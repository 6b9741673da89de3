// Three calls of 10 ms, of which one in a hundred takes 200 ms: the slowest answers with and without hedging, and the
// calls that it costs. Then each call takes twice the hedge's delay. Then one request calls each of 20 shards.
import { create, type DescMessage, type DescMethodUnary, fromBinary, type Message } from "@bufbuild/protobuf";
import { HomeService as HedgedService } from "../generated/bench/hedged/v1/hedged_pb.ts";
import { ScatterService } from "../generated/bench/scatter/v1/scatter_pb.ts";
import { HomeService as UnhedgedService } from "../generated/bench/unhedged/v1/unhedged_pb.ts";
import { h2load } from "../rig/h2load.ts";
import { openLoop } from "../rig/open-loop.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { percentile } from "../rig/statistics.ts";
import type { Behaviour } from "../rig/upstream.ts";
import { settings } from "../rig/upstream-data.ts";
import { startUpstream, total, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, type Variant, withServer } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";

const SETTINGS = "/bench.up.v1.SettingsService/GetSettings";
interface Load {
  readonly paths: readonly string[];
  readonly callsPerRequest: number;
  readonly perSecond: number;
  readonly answer: (schema: DescMessage) => Message;
}
const THREE: Load = {
  paths: ["/bench.up.v1.ProfileService/GetProfile", "/bench.up.v1.ItemService/ListItems", SETTINGS],
  callsPerRequest: 3,
  perSecond: 200,
  answer: home,
};
const SHARDS = Array.from({ length: 20 }, (_, i) => `s${i + 1}`);
const SCATTER: Load = {
  paths: [SETTINGS],
  callsPerRequest: SHARDS.length,
  perSecond: 50,
  answer: (schema) => create(schema, { settings: SHARDS.map(() => settings) }),
};
const DEADLINE_MS = 2_000;
const NOW_AND_THEN: Behaviour = { delayMs: 10, slowShare: 0.01, slowMs: 200 };
/** A slow but healthy upstream. */
const ALWAYS: Behaviour = { delayMs: 30 };
/** Extra calls that the default budget of hedges allows, besides the first ones of a process. */
const MAX_EXTRA = 0.11;
const COMPLETE = "complete";

export async function runTail(options: RunOptions): Promise<ScenarioResult> {
  const upstream = await startUpstream();
  try {
    const hedged = generatedVariant("hedged", HedgedService.method.getHome);
    const unhedged = generatedVariant("unhedged", UnhedgedService.method.getHome, "hedging-off");
    const steady = generatedVariant("hedged", HedgedService.method.getHome, "upstream-slow");
    const measured = (variant: Variant, behaviour: Behaviour, load = THREE) =>
      measure(variant, upstream, behaviour, load, options.quick);
    const off = await measured(unhedged, NOW_AND_THEN);
    const on = await measured(hedged, NOW_AND_THEN);
    const slow = await measured(steady, ALWAYS);
    const scatter = (name: keyof typeof ScatterService.method) =>
      measured(scattered(ScatterService.method[name], name), NOW_AND_THEN, SCATTER);
    const [all, none] = [await scatter("getHedged"), await scatter("getUnhedged")];
    const incomplete = [on, off, slow, all, none].filter((variant) => variant.complete !== 1);
    const extra = Number(slow.extra_calls) > MAX_EXTRA ? [`a slow upstream gets ${slow.extra_calls} extra calls`] : [];
    return scenarioResult(options, {
      scenario: "tail",
      variants: [
        { ...on, p99_ratio_to_hedging_off: (on.p99_ms ?? Number.NaN) / (off.p99_ms ?? Number.NaN) },
        off,
        slow,
        { ...all, p99_ratio_to_hedging_off: (all.p99_ms ?? Number.NaN) / (none.p99_ms ?? Number.NaN) },
        none,
      ],
      left_out: [],
      failures: [
        ...extra,
        ...incomplete.map(({ name, kinds }) => `${name} gives other answers: ${JSON.stringify(kinds)}`),
      ],
      rounds: 1,
    });
  } finally {
    await upstream.stop();
  }
}

/** A server whose shards are all at the address of the upstream. */
function scattered(method: DescMethodUnary, name: string): Variant {
  const prefix = "BENCH_UP_V1_SETTINGSSERVICE";
  return {
    ...generatedVariant("scatter", method, name === "getHedged" ? "20 shards" : "20 shards, hedging off"),
    env: (addresses) => ({
      [`${prefix}_URL`]: "",
      [`${prefix}_SHARDS`]: SHARDS.join(","),
      ...Object.fromEntries(
        SHARDS.map((shard) => [`${prefix}_${shard.toUpperCase()}_URL`, addresses[`${prefix}_URL`] ?? ""]),
      ),
    }),
  };
}

async function measure(
  variant: Variant,
  upstream: UpstreamProcess,
  behaviour: Behaviour,
  { paths, callsPerRequest, perSecond, answer }: Load,
  quick: boolean,
): Promise<VariantResult> {
  await upstream.behave({});
  return withServer(variant, upstream, async (server) => {
    const { name, method } = variant;
    const request = grpcRequest(variant, server, forUser(method), DEADLINE_MS);
    await h2load(request, { requests: quick ? 500 : 6_000, connections: 4, streams: 8 });
    await upstream.behave(Object.fromEntries(paths.map((path) => [path, behaviour])));
    const requests = quick ? 600 : 10_000;
    const callsBefore = total(await upstream.calls());
    const { kinds, latenciesMs, lagsMs } = await openLoop(request, {
      perSecond,
      requests,
      deadlineMs: DEADLINE_MS,
      connections: 4,
      kindOf: (reply) => kindOf(reply, method, answer),
    });
    const calls = total(await upstream.calls()) - callsBefore;
    console.log(`${name.padEnd(24)} p99 ${percentile(latenciesMs, 0.99).toFixed(0)} ms`);
    return {
      name,
      p50_ms: percentile(latenciesMs, 0.5),
      p95_ms: percentile(latenciesMs, 0.95),
      p99_ms: percentile(latenciesMs, 0.99),
      upstream_calls_per_request: calls / requests,
      extra_calls: calls / (requests * callsPerRequest) - 1,
      complete: (kinds.get(COMPLETE) ?? 0) / requests,
      kinds: Object.fromEntries(kinds),
      generator_lag_p99_ms: percentile(lagsMs, 0.99),
    };
  });
}

function kindOf(reply: Buffer, method: DescMethodUnary, answer: Load["answer"]): string {
  return unless(answer)(fromBinary(method.output, reply.subarray(5)), method) === undefined
    ? COMPLETE
    : "another answer";
}

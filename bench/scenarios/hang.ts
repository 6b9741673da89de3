// One of three upstreams takes five seconds; clients wait 300 ms. How many have the rest of their answer in time?
import { setTimeout } from "node:timers/promises";
import { type DescMethodUnary, fromBinary } from "@bufbuild/protobuf";
import { HomeService } from "../generated/bench/parts/v1/parts_pb.ts";
import { HomeService as UnbrokenService } from "../generated/bench/unbroken/v1/unbroken_pb.ts";
import { h2load } from "../rig/h2load.ts";
import { openLoop } from "../rig/open-loop.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { percentile } from "../rig/statistics.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, peerVariants, type Variant, withServer } from "../rig/variant.ts";
import { unlessWithout } from "./answers.ts";

const HANGING = "/bench.up.v1.SettingsService/GetSettings";
const HANGS_MS = 5_000;
const DEADLINE_MS = 300;
const SHARE_OF_SATURATION = 0.3;
/** Clients and upstreams share the cores, and have none left for more. */
const MAX_PER_SECOND = 1_000;
/** Longer than a breaker's window, so that the earlier good answers do not count. */
const FORGOTTEN_MS = 11_000;
/** All but the part that hangs, and a word about that. */
const REST = "rest";

const OURS = [
  generatedVariant("parts", HomeService.method.getHome),
  generatedVariant("unbroken", UnbrokenService.method.getHome, "breaker-off"),
];

export async function runHang(options: RunOptions): Promise<ScenarioResult> {
  const upstream = await startUpstream();
  const variants: VariantResult[] = [];
  try {
    for (const variant of [...OURS, ...peerVariants("parts", HomeService.method.getHome)]) {
      variants.push(await measure(variant, upstream, options.quick));
    }
  } finally {
    await upstream.stop();
  }
  const late = variants.slice(0, OURS.length).filter((variant) => variant.rest_in_time !== 1);
  return scenarioResult(options, {
    scenario: "hang",
    variants,
    left_out: [],
    failures: late.map(({ name, kinds }) => `${name} does not always give the rest in time: ${JSON.stringify(kinds)}`),
    rounds: 1,
  });
}

async function measure(variant: Variant, upstream: UpstreamProcess, quick: boolean): Promise<VariantResult> {
  await upstream.behave({});
  return withServer(variant, upstream, async (server) => {
    const { name, method } = variant;
    const closed = grpcRequest(variant, server, forUser(method));
    await h2load(closed, { requests: quick ? 500 : 6_000, connections: 4, streams: 8 });
    const saturated = await h2load(closed, { requests: quick ? 500 : 5_000, connections: 4, streams: 8 });
    const perSecond = Math.min(saturated.requestsPerSecond * SHARE_OF_SATURATION, MAX_PER_SECOND);
    const prepared = grpcRequest(variant, server, forUser(method), DEADLINE_MS);
    const loop = {
      perSecond,
      deadlineMs: DEADLINE_MS,
      connections: 8,
      kindOf: (reply: Buffer) => kindOf(reply, method),
    };
    // Else the first variant's clients would run for the first time, and be slow, just when its upstream begins to hang.
    await openLoop(prepared, { ...loop, requests: quick ? 500 : 5_000 });
    await upstream.behave({ [HANGING]: { delayMs: HANGS_MS } });
    if (!quick) await setTimeout(FORGOTTEN_MS);
    const requests = quick ? 1_000 : 10_000;
    const before = await server.usage();
    const { kinds, latenciesMs, lagsMs } = await openLoop(prepared, { ...loop, requests });
    const after = await server.usage();
    const rest = kinds.get(REST) ?? 0;
    console.log(`${name.padEnd(16)} ${rest} of ${requests} have the rest in time`);
    return {
      name,
      rest_in_time: rest / requests,
      cpu_us_per_request: (after.cpuMicros - before.cpuMicros) / requests,
      per_second: perSecond,
      p50_ms: percentile(latenciesMs, 0.5),
      p95_ms: percentile(latenciesMs, 0.95),
      p99_ms: percentile(latenciesMs, 0.99),
      kinds: Object.fromEntries(kinds),
      generator_lag_p99_ms: percentile(lagsMs, 0.99),
    };
  });
}

function kindOf(reply: Buffer, method: DescMethodUnary): string {
  const fault = unlessWithout("settings")(fromBinary(method.output, reply.subarray(5)), method);
  return fault === undefined ? REST : "another answer";
}

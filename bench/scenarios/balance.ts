// Three replicas of each upstream whose calls take 10 ms: one of them is slow, or fails, or vanishes and comes back. What do clients see of it?
import { setTimeout } from "node:timers/promises";
import { type DescMethodUnary, fromBinary } from "@bufbuild/protobuf";
import { HomeService } from "../generated/bench/unhedged/v1/unhedged_pb.ts";
import { type OpenResult, openLoop } from "../rig/open-loop.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { percentile } from "../rig/statistics.ts";
import type { Behaviour } from "../rig/upstream.ts";
import { startUpstream, total, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, type Prepared, withServer } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";

const REPLICAS = 3;
const PER_SECOND = 100; // of three calls each
const DEADLINE_MS = 2_000;
const COMPLETE = "complete";
const WELL: Behaviour = { delayMs: 10 };
const PATHS = [
  "/bench.up.v1.ProfileService/GetProfile",
  "/bench.up.v1.ItemService/ListItems",
  "/bench.up.v1.SettingsService/GetSettings",
];
const VARIANT = generatedVariant("unhedged", HomeService.method.getHome);

/** A fault of the first replica, and the required result. */
interface Case {
  readonly name: string;
  readonly behaviour?: Behaviour;
  readonly vanishes?: boolean;
  /** Minimum share of answers that are complete. */
  readonly complete: number;
}
const CASES: readonly Case[] = [
  { name: "all well", complete: 1 },
  { name: "one slow (100 ms)", behaviour: { delayMs: 100 }, complete: 1 },
  { name: "one failing", behaviour: { delayMs: 0, fails: true }, complete: 0.99 },
  { name: "one away", vanishes: true, complete: 0.99 },
];

export async function runBalance(options: RunOptions): Promise<ScenarioResult> {
  const variants: VariantResult[] = [];
  const failures: string[] = [];
  for (const testCase of CASES) {
    const found = await measure(testCase, options.quick);
    variants.push(found);
    if (Number(found.complete) < testCase.complete) failures.push(`${testCase.name}: ${JSON.stringify(found.kinds)}`);
  }
  const [well] = variants;
  const rated = variants.map((found) => ({
    ...found,
    p99_ratio_to_all_well: (found.p99_ms ?? Number.NaN) / (well?.p99_ms ?? Number.NaN),
  }));
  for (const { name, p99_ratio_to_all_well: ratio } of rated)
    console.log(`${name.padEnd(20)} p99 × ${ratio.toFixed(2)}`);
  return scenarioResult(options, { scenario: "balance", variants: rated, left_out: [], failures, rounds: 1 });
}

async function measure(testCase: Case, quick: boolean): Promise<VariantResult> {
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => startUpstream()));
  try {
    for (const replica of replicas) await replica.behave(all(WELL));
    const env = Object.fromEntries(
      Object.keys(replicas[0]?.env ?? {}).map((name) => [name, replicas.map((replica) => replica.env[name]).join(",")]),
    );
    return await withServer(
      { ...VARIANT, name: testCase.name },
      replicas[0] as UpstreamProcess,
      async (server) => {
        const request = grpcRequest(VARIANT, server, forUser(VARIANT.method), DEADLINE_MS);
        const seconds = quick ? 2 : 10;
        await runLoad(request, 3);
        const places = replicas[0]?.urls;
        if (testCase.behaviour !== undefined) await replicas[0]?.behave(all(testCase.behaviour));
        if (testCase.vanishes === true) await replicas[0]?.stop();
        await runLoad(request, quick ? 2 : 10); // what it takes to notice
        const before = testCase.vanishes === true ? [] : await counts(replicas);
        const result = await runLoad(request, seconds);
        const after = testCase.vanishes === true ? [] : await counts(replicas);
        const shares = after.map((count, i) => (count - (before[i] ?? 0)) / (PER_SECOND * seconds * PATHS.length));
        return {
          ...figures(testCase.name, result),
          shares,
          ...(testCase.vanishes === true && { back: await back(request, replicas, places, seconds) }),
        };
      },
      env,
    );
  } finally {
    await Promise.all(replicas.map((replica) => replica.stop().catch(() => {})));
  }
}

/** Restarts the replica: returns its shares in the seconds that follow, and the slowest answers in them. */
async function back(
  request: Prepared,
  replicas: UpstreamProcess[],
  places: Readonly<Record<string, string>> | undefined,
  seconds: number,
): Promise<unknown> {
  const returned = await startUpstream(places);
  await returned.behave(all(WELL));
  replicas[0] = returned;
  const shares: number[] = [];
  const latencies: number[] = [];
  let complete = 0;
  let before = 0;
  for (let second = 0; second < seconds + 4; second++) {
    const { latenciesMs, kinds } = await runLoad(request, 1);
    latencies.push(...latenciesMs);
    complete += kinds.get(COMPLETE) ?? 0;
    const now = total(await returned.calls());
    shares.push((now - before) / (PER_SECOND * PATHS.length));
    before = now;
  }
  latencies.sort((a, b) => a - b);
  return { shares, complete: complete / latencies.length, p99_ms: percentile(latencies, 0.99) };
}

async function runLoad(request: Prepared, seconds: number): Promise<OpenResult> {
  const result = await openLoop(request, {
    perSecond: PER_SECOND,
    requests: PER_SECOND * seconds,
    deadlineMs: DEADLINE_MS,
    connections: 2,
    kindOf: (reply) => kindOf(reply, VARIANT.method),
  });
  await setTimeout(0);
  return result;
}

function figures(name: string, { kinds, latenciesMs, lagsMs }: OpenResult): VariantResult {
  return {
    name,
    p50_ms: percentile(latenciesMs, 0.5),
    p95_ms: percentile(latenciesMs, 0.95),
    p99_ms: percentile(latenciesMs, 0.99),
    complete: (kinds.get(COMPLETE) ?? 0) / latenciesMs.length,
    kinds: Object.fromEntries(kinds),
    generator_lag_p99_ms: percentile(lagsMs, 0.99),
  };
}
const counts = (replicas: readonly UpstreamProcess[]): Promise<number[]> =>
  Promise.all(replicas.map(async (replica) => total(await replica.calls())));
const all = (behaviour: Behaviour): Readonly<Record<string, Behaviour>> =>
  Object.fromEntries(PATHS.map((path) => [path, behaviour]));

function kindOf(reply: Buffer, method: DescMethodUnary): string {
  return unless(home)(fromBinary(method.output, reply.subarray(5)), method) === undefined ? COMPLETE : "another answer";
}

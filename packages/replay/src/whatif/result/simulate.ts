// Independent runs of a simulation, summed up.
import { play, type Run } from "../play/play.ts";
import { increment } from "../play/tally.ts";
import type { PlayModule } from "../play-module.ts";
import type { World } from "../world/world.ts";
import { type Estimate, estimateOf, quantile } from "./estimate.ts";

/** Size of a simulation. */
export interface SimulationOptions {
  /** Seed of the first run; the others follow. */
  readonly seed: number;
  /** Number of independent runs, each with new caches and breakers. */
  readonly runs: number;
  /** Counted requests of all runs together. */
  readonly requests: number;
}

/** Answers of one rpc of the BFF. Times are in milliseconds; shares are from 0 to 1. */
export interface RpcResult {
  readonly rpc: string;
  readonly perSecond: number;
  readonly p50: Estimate;
  readonly p99: Estimate;
  readonly degraded: Estimate;
  readonly failed: Estimate;
  /** The longest p99 of its calls, and the share of its answers that take longer. */
  readonly tail: { readonly ms: number; readonly slower: Estimate };
  /** Shares of the requests by the causes of their failures, largest first. */
  readonly causes: readonly Cause[];
}
/** Load of one rpc of an upstream. */
export interface CallResult {
  readonly call: string;
  /** Attempts that arrive per second. */
  readonly perSecond: Estimate;
  /** Attempts for each call. */
  readonly attempts: Estimate;
  /** Attempts under way, on average and at most. */
  readonly busy: Estimate;
  readonly peak: number;
  /** Share of the attempts that a timeout ended. */
  readonly expired: Estimate;
  /** Share of the calls that the cache answered. */
  readonly hits: Estimate;
  /** Shares of the calls that were not sent, by the reason. */
  readonly refused: readonly Cause[];
}
/** A cause of failures or refusals, and its share. */
export interface Cause {
  readonly cause: string;
  readonly share: number;
}
/** Result of a simulation. */
export interface Simulation {
  readonly requests: number;
  readonly rpcs: readonly RpcResult[];
  readonly calls: readonly CallResult[];
}

/** Simulates the BFF of one file. */
export async function simulate(module: PlayModule, world: World, options: SimulationOptions): Promise<Simulation> {
  const { seed, runs: count, requests } = options;
  const runs: Run[] = [];
  for (let i = 0; i < count; i++) runs.push(await play(module, world, { seed: seed + i, requests: requests / count }));
  const rpcs = namesOf(runs, ({ tally }) => tally.rpcs);
  const calls = namesOf(runs, ({ tally }) => tally.calls);
  const answered = runs.flatMap(({ tally }) => [...tally.rpcs.values()].map(({ ms }) => ms.length));
  return {
    requests: answered.reduce((sum, length) => sum + length, 0),
    rpcs: rpcs.map((rpc) => rpcResult(rpc, runs, world)),
    calls: calls.map((call) => callResult(call, runs)),
  };
}

const namesOf = (runs: readonly Run[], of: (run: Run) => ReadonlyMap<string, unknown>): readonly string[] =>
  [...new Set(runs.flatMap((run) => [...of(run).keys()]))].sort();

function rpcResult(rpc: string, runs: readonly Run[], world: World): RpcResult {
  const tallies = runs.flatMap(({ tally, seconds }) => {
    const found = tally.rpcs.get(rpc);
    return found === undefined ? [] : [{ ...found, seconds, ms: found.ms.toSorted((a, b) => a - b) }];
  });
  const all = tallies.flatMap(({ ms }) => ms).sort((a, b) => a - b);
  const percentile = (share: number): Estimate =>
    estimateOf(
      tallies.map(({ ms }) => quantile(ms, share)),
      quantile(all, share),
    );
  const calls = new Set(tallies.flatMap((tally) => [...tally.calls]));
  const limit = Math.max(0, ...[...calls].map((call) => world.calls.get(call)?.latency(0.99) ?? 0));
  return {
    rpc,
    perSecond: all.length / tallies.reduce((sum, { seconds }) => sum + seconds, 0),
    p50: percentile(0.5),
    p99: percentile(0.99),
    degraded: estimateOf(tallies.map(({ degraded, ms }) => degraded / ms.length)),
    failed: estimateOf(tallies.map(({ failed, ms }) => failed / ms.length)),
    tail: {
      ms: limit,
      slower: estimateOf(tallies.map(({ ms }) => ratio(ms.filter((each) => each > limit).length, ms.length))),
    },
    causes: causesOf(
      tallies.map(({ causes }) => causes),
      all.length,
    ),
  };
}

function callResult(call: string, runs: readonly Run[]): CallResult {
  const tallies = runs.flatMap(({ tally, seconds }) => {
    const found = tally.calls.get(call);
    return found === undefined ? [] : [{ ...found, seconds }];
  });
  const each = (of: (tally: (typeof tallies)[number]) => number): Estimate => estimateOf(tallies.map(of));
  const total = tallies.reduce((sum, { calls }) => sum + calls, 0);
  return {
    call,
    perSecond: each(({ attempts, seconds }) => attempts / seconds),
    attempts: each(({ attempts, calls }) => ratio(attempts, calls)),
    busy: each(({ busyMs, seconds }) => busyMs / 1_000 / seconds),
    peak: Math.max(...tallies.map(({ peak }) => peak)),
    expired: each(({ expired, attempts }) => ratio(expired, attempts)),
    hits: each(({ hits, calls }) => ratio(hits, hits + calls)),
    refused: causesOf(
      tallies.map(({ refused }) => refused),
      total,
    ),
  };
}
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

function causesOf(counts: readonly ReadonlyMap<string, number>[], whole: number): readonly Cause[] {
  const sum = new Map<string, number>();
  for (const [cause, count] of counts.flatMap((each) => [...each])) increment(sum, cause, count);
  return [...sum].map(([cause, count]) => ({ cause, share: ratio(count, whole) })).sort((a, b) => b.share - a.share);
}

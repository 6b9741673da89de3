// Search for timeouts, hedges and limits with a lower p99, under constraints.
import type { Simulation } from "../result/simulate.ts";
import type { PlanChange } from "../world/parse-changes.ts";
import { nearest, type World } from "../world/world.ts";

/** Figures of a simulation that the search compares; rpcs count by their rates. */
export interface Score {
  /** p99 in milliseconds, on average. */
  readonly p99: number;
  /** Attempts per second. */
  readonly attempts: number;
  /** Share of degraded and failed requests. */
  readonly incomplete: number;
}
/** Bounds of the search. */
export interface TuneLimits {
  /** Most attempts in addition, as a share of the present ones. */
  readonly moreCalls: number;
  /** Most degraded and failed requests in addition, as a share of all requests. */
  readonly moreIncomplete: number;
}
/** Result of the search. */
export interface Tuned {
  readonly changes: readonly PlanChange[];
  /** Number of simulations. */
  readonly simulations: number;
}
/** Simulates the changed BFFs of the project; undefined: a change is impossible. */
export type Evaluate = (changes: readonly PlanChange[]) => Promise<readonly Simulation[] | undefined>;

/** Least gain of a change that is kept, as a share of p99: a smaller one may be noise. */
const LEAST_GAIN = 0.02;

/** Returns the figures of simulations of one or more files. */
export function scoreOf(simulations: readonly Simulation[]): Score {
  const rpcs = simulations.flatMap((simulation) => simulation.rpcs);
  const rate = rpcs.reduce((sum, { perSecond }) => sum + perSecond, 0);
  const mean = (of: (rpc: (typeof rpcs)[number]) => number): number =>
    rpcs.reduce((sum, rpc) => sum + of(rpc) * rpc.perSecond, 0) / rate;
  return {
    p99: mean(({ p99 }) => p99.value),
    attempts: simulations.flatMap(({ calls }) => calls).reduce((sum, { perSecond }) => sum + perSecond.value, 0),
    incomplete: mean(({ degraded, failed }) => degraded.value + failed.value),
  };
}

/**
 * Returns changes to try: hedges after high percentiles of an rpc's latency, timeouts there, and larger limits where calls
 * are refused.
 *
 * @param before the present BFFs
 */
export function candidatesFor({ calls }: World, before: readonly Simulation[]): readonly PlanChange[] {
  const found: PlanChange[] = [];
  for (const { call, refused } of before.flatMap((simulation) => simulation.calls)) {
    const latency = nearest(calls, call)?.latency;
    if (latency === undefined) continue;
    const ms = (share: number): string => `${Math.max(1, Math.round(latency(share)))}ms`;
    for (const share of HEDGES) found.push({ target: call, key: "hedge.delay", value: ms(share) });
    for (const share of TIMEOUTS) found.push({ target: call, key: "timeout", value: ms(share) });
    if (refused.some(({ cause }) => cause === "limit"))
      found.push({ target: call.replace(/\/.*/, ""), key: "limit.concurrent", value: "×2" });
  }
  return found;
}
const HEDGES = [0.9, 0.95, 0.98];
const TIMEOUTS = [0.99, 0.995, 0.999];

/**
 * Searches greedily: it tries each candidate alone, and then adds the candidates that gain to those before, best first.
 *
 * @example
 * const { changes } = await tune(evaluate, candidatesFor(world, before), before, { moreCalls: 0.03, moreIncomplete: 0.001 });
 */
export async function tune(
  evaluate: Evaluate,
  candidates: readonly PlanChange[],
  before: readonly Simulation[],
  { moreCalls, moreIncomplete }: TuneLimits,
): Promise<Tuned> {
  const start = scoreOf(before);
  let simulations = 0;
  const score = async (changes: readonly PlanChange[]): Promise<number | undefined> => {
    simulations++;
    const found = await evaluate(changes);
    const { p99, attempts, incomplete } = found === undefined ? NONE : scoreOf(found);
    const isAllowed = attempts <= start.attempts * (1 + moreCalls) && incomplete <= start.incomplete + moreIncomplete;
    return isAllowed ? p99 : undefined;
  };
  const single: { readonly change: PlanChange; readonly p99: number }[] = [];
  for (const change of candidates) {
    const p99 = await score([change]);
    if (p99 !== undefined && p99 < start.p99 * (1 - LEAST_GAIN)) single.push({ change, p99 });
  }
  let changes: readonly PlanChange[] = [];
  let best = start.p99;
  for (const { change } of single.sort((a, b) => a.p99 - b.p99)) {
    const isSet = changes.some(({ target, key }) => target === change.target && key === change.key);
    if (isSet) continue;
    const p99 = changes.length === 0 ? single[0]?.p99 : await score([...changes, change]);
    if (p99 === undefined || p99 >= best * (1 - LEAST_GAIN)) continue;
    changes = [...changes, change];
    best = p99;
  }
  return { changes, simulations };
}
const NONE: Score = { p99: Number.POSITIVE_INFINITY, attempts: Number.POSITIVE_INFINITY, incomplete: 1 };

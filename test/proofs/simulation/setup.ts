import type { Found, SecondLevel } from "../../../runtime/src/cache/second-level.ts";
import type { CallPolicy, UpstreamPolicy } from "../../../runtime/src/call/policy.ts";
import { Code } from "../../../runtime/src/failure.ts";
import type { BreakerPolicy } from "../../../runtime/src/guard/breaker.ts";
import type { LimitPolicy } from "../../../runtime/src/guard/limit.ts";
import type { Random } from "./random.ts";
import type { SimClock } from "./sim-clock.ts";

/** Policies of a seed; undefined: none. */
export interface Setup {
  readonly methodMs: number;
  readonly concurrent: number;
  readonly upstream: UpstreamPolicy;
  readonly policies: readonly [CallPolicy, ...CallPolicy[]];
  readonly cacheBytes: number;
  readonly second: boolean;
  /** Number of requests, at most. */
  readonly requests: number;
  /** Number of different things of each method. */
  readonly things: number;
}

export function randomSetup(random: Random): Setup {
  return {
    methodMs: random.pick([60, 300, 1_000, 2_000]),
    concurrent: random.pick([2, 4, 10]),
    upstream: {
      breaker: random.maybe(0.6, () => randomBreaker(random)),
      limit: random.maybe(0.6, () => randomLimit(random)),
      retryBudget: random.maybe(0.7, () => ({
        maxTokens: random.pick([1, 2, 3, 6, 40, 400]),
        tokenRatio: random.pick([0.1, 0.5, 1]),
      })),
      methods: random.maybe(0.3, () => ({ BatchGet: { breaker: random.maybe(0.7, () => randomBreaker(random)) } })),
    },
    policies: [randomPolicy(random), ...random.list(0, 3, () => randomPolicy(random))],
    cacheBytes: random.pick([0, 700, 1 << 20, 1 << 20]),
    second: random.chance(0.3),
    requests: random.pick([3, 10, 30]),
    things: random.pick([1, 3, 6]),
  };
}

function randomBreaker(random: Random): BreakerPolicy {
  const slow = random.chance(0.4);
  return {
    errorRate: random.pick([0.1, 0.5, 1]),
    windowMs: random.pick([100, 1_000]),
    minimum: random.chance(0.3) ? 100 : random.between(1, 6),
    consecutive: random.pick([undefined, 0, 1, 2, 3]),
    openMs: random.pick([50, 300]),
    probes: random.between(1, 2),
    ...(slow && { slowMs: random.pick([20, 100]), slowRate: random.pick([0.2, 0.8]) }),
  };
}
function randomLimit(random: Random): LimitPolicy {
  return { concurrent: random.between(1, 5), queued: random.pick([0, 1, 3, 100]) };
}
function randomPolicy(random: Random): CallPolicy {
  return {
    timeoutMs: random.maybe(0.6, () => random.pick([15, 80, 250])),
    retry: random.maybe(0.6, () => ({
      attempts: random.between(1, 4),
      on: random.pick([[Code.UNAVAILABLE], [Code.UNAVAILABLE, Code.INTERNAL]]),
      initialMs: 10,
      maxMs: 60,
      multiplier: 2,
    })),
    hedge: random.maybe(0.4, () => {
      const delayMs = random.pick([0, 10, 50]);
      const max = delayMs === 0 ? 1 : random.between(1, 3);
      return { delayMs, max, budget: random.pick([undefined, 0.4, max]) };
    }),
    cache: random.maybe(0.35, () => ({
      ttlMs: random.pick([5, 100, 1_000]),
      staleMs: random.maybe(0.7, () => random.pick([300, 5_000])),
    })),
    coalesce: random.chance(0.4),
    limit: random.maybe(0.2, () => randomLimit(random)),
    forward: random.chance(0.8) ? ["x-request-id", "x-user"] : ["x-request-id"],
  };
}

/** A second level of the cache in which anything can go wrong. */
export class SimLevel implements SecondLevel {
  readonly #random: Random;
  readonly #clock: SimClock;
  readonly #kept = new Map<string, { bytes: Uint8Array; at: number; lifeMs: number }>();

  constructor(random: Random, clock: SimClock) {
    this.#random = random;
    this.#clock = clock;
  }
  get(key: string): Promise<Found | undefined> {
    const random = this.#random;
    const { promise, resolve, reject } = Promise.withResolvers<Found | undefined>();
    const answer = (): void => {
      const kept = this.#kept.get(key);
      const ageMs = kept === undefined ? 0 : this.#clock.now() - kept.at;
      if (kept === undefined || ageMs >= kept.lifeMs) resolve(undefined);
      else resolve({ bytes: random.chance(0.1) ? new Uint8Array([255]) : kept.bytes, ageMs });
    };
    const roll = random.next();
    if (roll < 0.6) answer();
    else if (roll < 0.85) this.#clock.after(random.between(0, 80), answer);
    else if (roll < 0.95) reject(new Error("down"));
    return promise;
  }
  set(key: string, bytes: Uint8Array, lifeMs: number): Promise<void> {
    if (this.#random.chance(0.1)) return Promise.reject(new Error("full"));
    const at = this.#clock.now();
    this.#kept.set(key, { bytes, at, lifeMs });
    return Promise.resolve();
  }
}

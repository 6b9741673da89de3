// Scenarios of a fleet, with the rows of `npm run fleet`.
import { Code } from "../../../../runtime/src/failure.ts";
import type { Sent } from "../../../../runtime/src/testing/fake-client.ts";
import { Fleet } from "./fleet.ts";
import { LIMITS } from "./limits.ts";
import { round, type Scenario } from "./row.ts";

/** Requests per second of the whole fleet. */
const RATE = 1_000;
const SECONDS = 20;
/** Time of an answer, in milliseconds. */
const ANSWER_MS = 20;

/** Calls that a hanging upstream receives, and requests that fail at once. */
const hanging: Scenario = {
  about: `An upstream that never answers, for ${SECONDS} s at ${RATE} requests/s; timeout 300 ms, breakers as generated.`,
  async run(processes, seed) {
    const fleet = new Fleet({ processes, seed, call: { timeoutMs: 300 }, upstream: () => {} });
    let atOnce = 0;
    let requests = 0;
    await fleet.load(RATE, SECONDS * 1_000, sameId, (_, tookMs) => {
      requests++;
      if (tookMs < 1) atOnce++;
    });
    await fleet.settle();
    return { "calls/s": round(fleet.attempts / SECONDS), "failed at once": round(atOnce / requests) };
  },
};

/** An upstream that is down for a while. */
const recovering: Scenario = {
  about: `An upstream that answers UNAVAILABLE for ${SECONDS} s and then recovers; three attempts, breakers as generated.`,
  async run(processes, seed) {
    let isDown = true;
    const retry = { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 50, maxMs: 400, multiplier: 2 };
    const fleet = new Fleet({
      processes,
      seed,
      call: { retry },
      upstream: (sent, of) => of.answer(sent, ANSWER_MS, isDown ? Code.UNAVAILABLE : undefined),
    });
    await fleet.load(RATE, SECONDS * 1_000, sameId, () => {});
    const outage = fleet.attempts;
    isDown = false;
    const began = fleet.clock.now();
    let failedAt = began;
    const ends = (failure: unknown): void => {
      if (failure !== undefined) failedAt = fleet.clock.now();
    };
    await fleet.load(RATE, SECONDS * 1_000, sameId, ends);
    await fleet.settle();
    return {
      "calls/s while down": round(outage / SECONDS),
      "s until the last failure": round((failedAt - began) / 1_000),
      "calls/request after": round((fleet.attempts - outage) / (RATE * SECONDS)),
    };
  },
};

/** Retries of an upstream of which half of the answers fail. */
const retries: Scenario = {
  about: `An upstream of which a third of the answers is UNAVAILABLE, at ${RATE} requests/s; three attempts.`,
  async run(processes, seed) {
    const retry = { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 50, maxMs: 400, multiplier: 2 };
    const fleet = new Fleet({
      processes,
      seed,
      policy: {},
      call: { retry },
      upstream: (sent, of) => of.answer(sent, ANSWER_MS, of.random.next() < 1 / 3 ? Code.UNAVAILABLE : undefined),
    });
    let failed = 0;
    await fleet.load(RATE, SECONDS * 1_000, sameId, (failure) => {
      if (failure !== undefined) failed++;
    });
    await fleet.settle();
    return { "calls/request": round(fleet.attempts / (RATE * SECONDS)), failed: round(failed / (RATE * SECONDS)) };
  },
};

/** Servers of the upstream, each of which answers one call at a time. */
class Servers {
  readonly #free: number[];
  /** Calls that were cancelled before their turn take no time. */
  readonly #waiting: Sent[] = [];
  #running = 0;
  longest = 0;

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, i) => i);
  }
  take(sent: Sent, fleet: Fleet): void {
    this.#waiting.push(sent);
    this.longest = Math.max(this.longest, this.#waiting.length + this.#running);
    this.#next(fleet);
  }
  #next(fleet: Fleet): void {
    for (let sent = this.#waiting.shift(); sent !== undefined; sent = this.#waiting.shift()) {
      if (sent.cancelled) continue;
      const server = this.#free.pop();
      if (server === undefined) {
        this.#waiting.unshift(sent);
        return;
      }
      this.#running++;
      const of = sent;
      fleet.clock.setTimeout(
        () => {
          this.#running--;
          this.#free.push(server);
          if (!of.cancelled) of.thing({});
          this.#next(fleet);
        },
        ANSWER_MS,
        undefined,
      );
    }
  }
}

/** Twice the load that the upstream can carry. */
const overload = (adaptive: boolean): Scenario => ({
  about: `Twice what an upstream with 10 servers of ${ANSWER_MS} ms can answer (500/s); timeout 300 ms; ${adaptive ? "adaptive limit" : "no limit"}.`,
  async run(processes, seed) {
    const servers = new Servers(10);
    const limit = { concurrent: 100, queued: 100, adaptive: true };
    const fleet = new Fleet({
      processes,
      seed,
      policy: adaptive ? { limit } : {},
      call: { timeoutMs: 300 },
      upstream: (sent, of) => servers.take(sent, of),
    });
    let good = 0;
    const times: number[] = [];
    await fleet.load(RATE, SECONDS * 1_000, sameId, (failure, tookMs) => {
      if (failure !== undefined) return;
      good++;
      times.push(tookMs);
    });
    await fleet.settle();
    times.sort((a, b) => a - b);
    return {
      "answers/s": round(good / SECONDS),
      "p50 ms": round(times[Math.floor(times.length / 2)] ?? 0),
      "longest queue of the upstream": servers.longest,
    };
  },
});

/** Keys of a cache that is empty in all processes and in Redis, and the time of a fetch, in milliseconds. */
const KEYS = 200;
const FETCH_MS = 300;
const cold = (singleFetch: boolean): Scenario => ({
  about: `Caches that are empty after a rollout: ${RATE} requests/s for ${KEYS} keys of ${FETCH_MS} ms each; ${singleFetch ? "one fetch for all processes" : "`single_fetch: false`"}.`,
  async run(processes, seed) {
    const fleet = new Fleet({
      processes,
      seed,
      call: { cache: { ttlMs: 600_000, singleFetch } },
      upstream: (sent, of) => of.answer(sent, FETCH_MS),
    });
    const seen = new Set<string>();
    let worst = 0;
    const idOf = (): string => {
      const id = `${Math.floor(KEYS ** fleet.random.next())}`;
      seen.add(id);
      return id;
    };
    await fleet.load(RATE, SECONDS * 1_000, idOf, (_, tookMs) => {
      worst = Math.max(worst, tookMs);
    });
    await fleet.settle();
    return { "calls/key": round(fleet.attempts / seen.size), "slowest ms": round(worst) };
  },
});

/** Leases of fetches that fail, or that take longer than waiters wait. */
const leases: Scenario = {
  about: `${RATE} requests/s for ${KEYS} keys with \`ttl: "2s"\`; a fetch takes ${FETCH_MS} ms, one in ten 700 ms, and one in ten fails.`,
  async run(processes, seed) {
    const running = new Set<string>();
    let repeated = 0;
    const fleet = new Fleet({
      processes,
      seed,
      policy: {},
      call: { cache: { ttlMs: 2_000, singleFetch: true } },
      upstream: (sent, of) => {
        const chance = of.random.next();
        const ms = chance < 0.1 ? 700 : FETCH_MS;
        if (running.has(sent.id)) repeated++;
        running.add(sent.id);
        of.clock.setTimeout((id: string) => running.delete(id), ms, sent.id);
        of.answer(sent, ms, chance > 0.9 ? Code.UNAVAILABLE : undefined);
      },
    });
    await fleet.load(
      RATE,
      SECONDS * 1_000,
      () => `${Math.floor(KEYS ** fleet.random.next())}`,
      () => {},
    );
    await fleet.settle();
    const { attempts, store } = fleet;
    return {
      "calls/s": round(attempts / SECONDS),
      "leases/call": round(store.taken / attempts),
      "leases without an entry": round(Math.max(0, store.taken - store.stored) / store.taken),
      "calls for a key that is fetched": round(repeated / attempts),
    };
  },
};

const sameId = (): string => "a";

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  hanging,
  recovering,
  retries,
  "no limit": overload(false),
  "adaptive limit": overload(true),
  "cold caches, each for itself": cold(false),
  "cold caches": cold(true),
  leases,
  ...LIMITS,
};

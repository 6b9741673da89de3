// Holds docs/runtime.md#breakers
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BreakerState } from "../observer-upstreams.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { Breaker, type BreakerPolicy } from "./breaker.ts";

const POLICY: BreakerPolicy = { errorRate: 0.5, windowMs: 1_000, minimum: 4, openMs: 500, probes: 2 };

/** A model of the breaker in its simplest form: it keeps every sample. */
class Model {
  state: BreakerState = "closed";
  period = 0;
  #samples: { bucket: number; good: boolean | undefined; slow: boolean }[] = [];
  #until = 0;
  #probes = 0;
  readonly #policy: BreakerPolicy;
  readonly #now: () => number;
  constructor(policy: BreakerPolicy, now: () => number) {
    this.#policy = policy;
    this.#now = now;
  }
  admit(): number | undefined {
    if (this.state === "open" && this.#now() >= this.#until) this.#to("half-open");
    if (this.state === "open") return undefined;
    if (this.state === "half-open" && this.#probes >= this.#policy.probes) return undefined;
    this.#probes++;
    return this.period;
  }
  sample(period: number, good: boolean | undefined, tookMs = 0): void {
    if (period !== this.period) return;
    this.#probes--;
    if (this.state === "half-open") {
      if (good !== undefined) this.#to(good ? "closed" : "open");
      return;
    }
    const { minimum, errorRate, slowMs, slowRate } = this.#policy;
    const slow = slowMs !== undefined && tookMs >= slowMs;
    if (good === undefined && !slow) return;
    const bucket = Math.floor(this.#now() / (this.#policy.windowMs / 10));
    this.#samples.push({ bucket, good, slow });
    const timed = this.#samples.filter((sample) => sample.bucket > bucket - 10);
    const outcomes = timed.filter((sample) => sample.good !== undefined);
    const failed = outcomes.filter((sample) => sample.good === false).length;
    const slowOnes = timed.filter((sample) => sample.slow).length;
    const enough = (count: number, of: number, rate: number) => of >= minimum && count > 0 && count >= rate * of;
    if (enough(failed, outcomes.length, errorRate)) this.#to("open");
    else if (slowRate !== undefined && enough(slowOnes, timed.length, slowRate)) this.#to("open");
  }
  get probesInMs(): number | undefined {
    return this.state === "open" ? Math.max(this.#until - this.#now(), 0) : undefined;
  }
  #to(state: BreakerState): void {
    this.state = state;
    this.period++;
    this.#probes = 0;
    this.#samples = [];
    if (state === "open") this.#until = this.#now() + this.#policy.openMs;
  }
}

describe("Breaker", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: "admit" as const }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("end" as const),
        which: fc.nat(20),
        good: fc.constantFrom(true, false, false, undefined),
        tookMs: fc.constantFrom(0, 99, 100, 5_000),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("wait" as const),
        ms: fc.constantFrom(1, 30, 99, 100, 250, 500, 999, 1_001, 5_000),
      }),
    },
  );
  test("the breaker behaves like a naive model", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.record({
          minimum: fc.integer({ min: 1, max: 6 }),
          errorRate: fc.constantFrom(0.05, 0.5, 1),
          probes: fc.integer({ min: 1, max: 3 }),
          slowMs: fc.constantFrom(undefined, 100),
          slowRate: fc.constantFrom(undefined, 0.5, 0.8),
        }),
        (steps, more) => {
          const policy = { ...POLICY, ...more };
          const clock = new FakeClock();
          const breaker = new Breaker(policy, clock);
          const model = new Model(policy, () => clock.now());
          const out: { ticket: number; period: number }[] = [];
          for (const each of steps) {
            if (each.kind === "wait") clock.skip(each.ms);
            else if (each.kind === "admit") {
              const refuses = breaker.refuses;
              const ticket = breaker.admit();
              const period = model.admit();
              expect([ticket === undefined, refuses]).toEqual([period === undefined, period === undefined]);
              if (ticket !== undefined && period !== undefined) out.push({ ticket, period });
            } else if (out.length > 0) {
              const [ended] = out.splice(each.which % out.length, 1);
              breaker.sample(ended!.ticket, each.good, each.tookMs);
              model.sample(ended!.period, each.good, each.tookMs);
            }
            expect(breaker.state).toBe(model.state);
            expect(breaker.probesInMs).toBe(model.probesInMs);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
  const run = (samples: readonly (readonly [at: number, good: boolean])[]) => {
    const clock = new FakeClock();
    clock.skip(9_000); // to a round 10,000
    const breaker = new Breaker(POLICY, clock);
    for (const [at, good] of samples) {
      clock.skip(10_000 + at - clock.now());
      breaker.sample(breaker.admit()!, good);
    }
    return breaker.state;
  };
  test("the breaker opens at exactly the rate, and a success may complete the minimum of samples", () => {
    expect(
      run([
        [0, true],
        [1, true],
        [2, false],
      ]),
    ).toBe("closed");
    expect(
      run([
        [0, true],
        [1, true],
        [2, false],
        [3, false],
      ]),
    ).toBe("open");
    expect(
      run([
        [0, false],
        [1, false],
        [2, false],
        [3, true],
      ]),
    ).toBe("open");
  });
  test("the breaker drops samples that are older than the window, even after a quiet period", () => {
    expect(
      run([
        [0, false],
        [1, false],
        [2, false],
        [1_000, false],
      ]),
    ).toBe("closed");
    expect(
      run([
        [0, false],
        [1, false],
        [2, false],
        [60_000, false],
      ]),
    ).toBe("closed");
    expect(
      run([
        [0, false],
        [1, false],
        [2, false],
        [899, false],
      ]),
    ).toBe("open");
  });
});

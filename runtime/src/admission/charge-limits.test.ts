// Holds docs/runtime.md#rate-limits
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ChargeRequest, type ChargeResult, isRefusal, type Refusal } from "../limits/charge-result.ts";
import { Limits } from "../limits/limits.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import { breaking } from "../testing/breaking-counters.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import { chargeLimits } from "./charge-limits.ts";

const limit = (name: string, more: Partial<RateLimit> = {}): RateLimit => {
  return { name, package: "test.v1", rate: 1, per: 3_600_000, burst: 10, ...more };
};
const DRY = limit("dry", { dryRun: true, burst: 5 });
const USER = limit("user");

function now(outcome: ReturnType<typeof chargeLimits>): ChargeResult | Refusal {
  if (outcome instanceof Promise) throw new TypeError("a promise without shared counters");
  return outcome;
}

describe("a limit in a dry run", () => {
  test("it takes its own charges as if it refused, and changes nothing for the others", () => {
    const acts = fc.array(fc.record({ cost: fc.integer({ min: 0, max: 12 }), settled: fc.option(fc.nat(12)) }));
    fc.assert(
      fc.property(acts, (all) => {
        const clock = new FakeClock();
        const fault = (): void => {};
        const [dry, without, enforced] = [1, 2, 3].map(() => new Limits({ clock, fault }));
        for (const { cost, settled } of all) {
          const user: ChargeRequest = { limit: USER, key: "ann", cost };
          const outcome = now(chargeLimits(dry!, [{ limit: DRY, key: "ann", cost }, user], []));
          const expected = now(without!.charge([user]));
          expect("failure" in outcome).toBe("failure" in expected);
          if (isRefusal(outcome) || isRefusal(expected)) continue;
          const alone = now(enforced!.charge([{ limit: limit("dry", { burst: 5 }), key: "ann", cost }]));
          expect(outcome.dry).toEqual(isRefusal(alone) ? ["test.v1/dry"] : []);
          if (settled === null) continue;
          outcome.settle(0, settled);
          outcome.settle(1, settled);
          expected.settle(0, settled);
          if (!isRefusal(alone)) alone.settle(0, settled);
        }
      }),
    );
  });
  test("it counts in shared counters, and a refund returns what it took", async () => {
    const { shared, answer, added } = breaking();
    const limits = new Limits({ clock: new FakeClock(), shared, fault: () => {} });
    const charges = [
      { limit: DRY, key: "ann", cost: 4 },
      { limit: USER, key: "ann", cost: 5 },
    ];
    const standing = { wait: 1_000_000, left: 0 };
    for (const dry of [{ at: 1 }, { standings: [standing] }]) {
      const before = added.length;
      const charged = chargeLimits(limits, charges, []);
      answer({ at: 1 });
      await idle();
      answer(dry);
      const outcome = await charged;
      expect(outcome).toMatchObject({ dry: "at" in dry ? [] : ["test.v1/dry"] });
      if (!isRefusal(outcome)) outcome.refund();
      await idle();
      expect(added.slice(before)).toEqual("at" in dry ? [-5, -4] : [-5]);
    }
    const refused = chargeLimits(limits, charges, []);
    answer({ standings: [standing] });
    expect(await refused).toMatchObject({ limits: ["test.v1/user"] });
  });
  test("too high a cost, no key and a failing expression are reported, and the request is answered", async () => {
    const dry: string[] = [];
    const limits = new Limits({ clock: new FakeClock(), fault: () => {} });
    const failing = (): never => {
      throw new RangeError("no such key");
    };
    const late = [
      { limit: DRY, key: () => "ann", cost: () => 6 },
      { limit: limit("nobody", { dryRun: true }), key: () => "" },
      { limit: limit("failing", { dryRun: true }), key: failing },
      { limit: USER, key: () => "ann" },
    ];
    const observer = {
      limited: ({ limit: name, outcome }: { limit: string; outcome: string }) => void dry.push(`${name} ${outcome}`),
    };
    const { send } = front({ limits: { counters: limits, late }, observer: { instead: observer } });
    expect((await send(async () => page({ title: "t" })).answer).page?.title).toBe("t");
    expect(dry).toEqual(["test.v1/nobody dry", "test.v1/failing dry", "test.v1/dry dry"]);
  });
});

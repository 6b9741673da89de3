// A rate limit whose counters all processes share, with leases and without.
import { isRefusal } from "../../../../runtime/src/limits/charge-result.ts";
import { Leases } from "../../../../runtime/src/limits/leases.ts";
import { Limits } from "../../../../runtime/src/limits/limits.ts";
import { Bucket } from "../../../../runtime/src/testing/exact-bucket.ts";
import { Random } from "../random.ts";
import { FleetClock } from "./fleet-clock.ts";
import { ModelCounters } from "./model-counters.ts";
import { round, type Scenario } from "./row.ts";

/** Requests per second of the whole fleet, all of one key. */
const RATE = 1_000;
const SECONDS = 20;
const LEASE = 20;

/** @param rate of the limit, in units per second */
async function admitted(processes: number, seed: number, rate: number, lease: number | undefined) {
  const random = new Random(seed);
  const clock = new FleetClock(random);
  const counters = new ModelCounters(clock);
  const limit = { name: "key", package: "fleet", rate, per: 1_000, burst: rate, lease };
  const shared = { counters, waitMs: 100, counts: () => true, leases: Leases };
  const all = Array.from({ length: processes }, () => new Limits({ clock, shared, fault: () => {} }));
  // One with every request that exact counters admit, and one with those that the fleet admits.
  const exact = new Bucket({ rate, per: 1_000, burst: rate });
  const most = new Bucket({ rate, per: 1_000, burst: rate });
  const found = { requests: 0, admitted: 0, exact: 0, exceeded: 0 };
  const end = clock.now() + SECONDS * 1_000;
  const gap = (): number => (-Math.log(1 - random.next()) * 1_000) / RATE;
  const micros = (): bigint => BigInt(Math.round(clock.date().getTime() * 1_000));
  const send = (): void => {
    if (clock.now() >= end) return;
    found.requests++;
    if (exact.at(micros()).charge(1)) found.exact++;
    void request(all[Math.floor(random.next() * processes)]);
    clock.setTimeout(send, gap(), undefined);
  };
  const request = async (limits: Limits | undefined): Promise<void> => {
    const result = await limits?.charge([{ limit, key: "a", cost: 1 }]);
    if (result === undefined || isRefusal(result)) return;
    found.admitted++;
    if (!most.at(micros()).charge(1)) found.exceeded++;
  };
  clock.setTimeout(send, gap(), undefined);
  await clock.runTo(end + 5_000);
  const { commands, leased, unused } = counters;
  return { ...found, commands, leased, unused };
}

/** @param rate of the limit, in units per second */
const scenario = (rate: number): Scenario => ({
  about: `A limit of ${rate}/s for one key, ${RATE} requests/s; counters in Redis, leases of ${LEASE} units. Ratios are to exact counters, and to single charges.`,
  async run(processes, seed) {
    const leases = await admitted(processes, seed, rate, LEASE);
    const single = await admitted(processes, seed, rate, undefined);
    return {
      "admitted, of exact": round(leases.admitted / leases.exact),
      "above the limit": leases.exceeded,
      "commands/request": round(leases.commands / leases.requests),
      "commands, of single": round(leases.commands / single.commands),
      "unused units": round(leases.unused / Math.max(1, leases.leased)),
    };
  },
});

export const LIMITS: Readonly<Record<string, Scenario>> = {
  "a limit that is exceeded": scenario(RATE / 2),
  "a limit with room": scenario(RATE * 2),
};

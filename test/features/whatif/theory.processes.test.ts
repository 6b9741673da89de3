// Simulations of generated BFFs against closed forms that nobody here wrote: order statistics, "The Tail at Scale" (Dean and
// Barroso 2013), and the formula of Pollaczek and Khinchine.
import { parseLatencies, simulate, worldFor } from "@protobff/replay/whatif";
import { describe, expect, test } from "vitest";
import { play } from "../../../packages/replay/src/whatif/play/play.ts";
import { mean, quantile } from "../../../packages/replay/src/whatif/result/estimate.ts";
import { logNormal, normalQuantile } from "../../../packages/replay/src/whatif/world/latency.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { fanOut, type PlayedBff, playedBff } from "./played-bff.ts";

const SEED = Number(seedOf()) % 1_000_000;
const RPC = "web.v1.Web/GetPage";
/** p99 100 ms. */
const UP = { p50: "20ms", p99: "100ms" };
const world = ({ module, settings }: PlayedBff, call: object, rate: number) =>
  worldFor(
    module,
    parseLatencies(JSON.stringify({ rpcs: { "*": { rate } }, calls: { "*": call } }), "latencies"),
    [],
    settings,
  );

/** Sorted times of answers, in milliseconds. */
async function times(bff: PlayedBff, call: object, rate: number, requests: number): Promise<readonly number[]> {
  const { tally } = await play(bff.module, world(bff, call, rate), { seed: SEED, requests });
  return (tally.rpcs.get(RPC)?.ms ?? []).toSorted((a, b) => a - b);
}
const slowerThan = (ms: readonly number[], limit: number): number =>
  ms.filter((each) => each > limit).length / ms.length;
/** Five standard errors of a share. */
const within = (share: number, count: number): number => 5 * Math.sqrt((share * (1 - share)) / count);

describe("fan-out", () => {
  test.each([
    [15, 0.1399],
    [100, 0.634],
  ])("%i calls with a p99 of 100 ms delay %d of the answers", async (count, share) => {
    expect(1 - 0.99 ** count).toBeCloseTo(share, 3);
    const ms = await times(await playedBff(fanOut(count)), UP, 10, 3_000);
    expect(ms.length).toBeGreaterThan(2_500);
    expect(Math.abs(slowerThan(ms, 100) - share)).toBeLessThan(within(share, ms.length));
    const p99 = logNormal(20, 100)(0.99 ** (1 / count));
    expect(Math.abs(quantile(ms, 0.99) / p99 - 1)).toBeLessThan(0.25);
  });

  test("a hedge multiplies the tails of both attempts", async () => {
    const hedged = await playedBff(fanOut(20), [
      { target: "up.v1", key: "hedge.delay", value: "40ms" },
      { target: "up.v1", key: "hedge.budget", value: "1" },
    ]);
    const plain = await playedBff(fanOut(20));
    const call = { p50: "20ms", p99: "50ms" };
    const sigma = Math.log(50 / 20) / normalQuantile(0.99);
    /** Survival of a log-normal latency, by bisection of its quantiles. */
    const survival = (ms: number): number => {
      let [low, high] = [0, 1];
      for (let i = 0; i < 60; i++) {
        const middle = (low + high) / 2;
        if (20 * Math.exp(sigma * normalQuantile(middle)) < ms) low = middle;
        else high = middle;
      }
      return 1 - low;
    };
    const limit = 60;
    const one = survival(limit);
    const both = one * survival(limit - 40);
    const [without, withHedges] = [await times(plain, call, 20, 4_000), await times(hedged, call, 20, 4_000)];
    for (const [ms, each] of [
      [without, one],
      [withHedges, both],
    ] as const) {
      const share = 1 - (1 - each) ** 20;
      expect(Math.abs(slowerThan(ms, limit) - share)).toBeLessThan(within(share, ms.length));
    }
  });
});

test("waiting in an upstream with one server follows Pollaczek and Khinchine", async () => {
  const bff = await playedBff(fanOut(1));
  const [p50, p99, rate] = [10, 30, 60];
  const sigma = Math.log(p99 / p50) / normalQuantile(0.99);
  const first = p50 * Math.exp(sigma ** 2 / 2);
  const second = p50 ** 2 * Math.exp(2 * sigma ** 2);
  const perMs = rate / 1_000;
  const expected = first + (perMs * second) / (2 * (1 - perMs * first));
  const ms = await times(bff, { p50: `${p50}ms`, p99: `${p99}ms`, concurrent: 1 }, rate, 20_000);
  expect(Math.abs(mean(ms) / expected - 1)).toBeLessThan(0.08);
});

test("a simulation with the same seed is the same, and reports caches, errors and refusals", async () => {
  const bff = await playedBff(fanOut(2, "", 1), [{ target: "up.v1.Up0/Get", key: "cache.ttl", value: "10s" }]);
  const options = { seed: SEED, runs: 2, requests: 400 };
  const first = await simulate(bff.module, world(bff, { ...UP, errors: "90%" }, 50), options);
  expect(await simulate(bff.module, world(bff, { ...UP, errors: "90%" }, 50), options)).toEqual(first);
  expect(first.rpcs[0]?.causes[0]?.cause).toMatch(/UNAVAILABLE from up\.v1\.Up0/);
  expect(first.calls[0]?.refused.map(({ cause }) => cause)).toContain("breaker");
  const healthy = await simulate(bff.module, world(bff, UP, 50), options);
  expect(healthy.calls[0]?.hits.value).toBeGreaterThan(0.3);
});

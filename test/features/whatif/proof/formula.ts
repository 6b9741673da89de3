// A formula with independent latencies, for comparison: the page waits for its longest path, and each call takes its
// latency up to its timeout. There are no retries, hedges, caches, limits and breakers in it.
import { quantile } from "../../../../packages/replay/src/whatif/result/estimate.ts";
import { Random } from "../../../../packages/replay/src/whatif/world/random.ts";
import type { World } from "../../../../packages/replay/src/whatif/world/world.ts";
import { CALLS, type CallName } from "./bff.ts";

/** p99 in milliseconds, and the share of degraded answers. */
export interface Figures {
  readonly p99: number;
  readonly degraded: number;
}

const DRAWS = 20_000;
const SUPPLEMENTARY: readonly CallName[] = ["review.v1.Reviews/Get", "stock.v1.Stocks/Get", "ad.v1.Ads/Get"];

/** @param timeouts of calls, and of the page by the name "" */
export function independent({ calls }: World, timeouts: Readonly<Record<string, number>>): Figures {
  const random = new Random(1, "formula");
  const times: number[] = [];
  let degraded = 0;
  for (let i = 0; i < DRAWS; i++) {
    const drawn = CALLS.map((call) => [call, draw(call)] as const);
    const ms = Object.fromEntries(drawn.map(([call, { ms }]) => [call, ms]));
    const chain = (ms["catalog.v1.Catalog/Get"] ?? 0) + (ms["price.v1.Prices/Get"] ?? 0);
    const others = ["user.v1.Users/Get", ...SUPPLEMENTARY].map((call) => ms[call] ?? 0);
    times.push(Math.min(timeouts[""] ?? Number.POSITIVE_INFINITY, Math.max(chain, ...others)));
    if (drawn.some(([call, { fails }]) => fails && SUPPLEMENTARY.includes(call))) degraded++;
  }
  return {
    p99: quantile(
      times.toSorted((a, b) => a - b),
      0.99,
    ),
    degraded: degraded / DRAWS,
  };

  function draw(call: CallName) {
    const of = calls.get(call);
    const limit = timeouts[call] ?? Number.POSITIVE_INFINITY;
    const ms = of?.latency(random.next()) ?? 0;
    return { ms: Math.min(ms, limit), fails: ms > limit || random.next() < (of?.errors ?? 0) };
  }
}

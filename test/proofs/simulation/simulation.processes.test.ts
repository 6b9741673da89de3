// Holds docs/runtime.md#deadlines
import { expect, test } from "vitest";
import type { CallPolicy } from "../../../runtime/src/call/policy.ts";
import { seedOf } from "../../support/seed/seed.ts";
import type { Setup } from "./setup.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 2_000;
const FROM = Number(seedOf());

test(`${SEEDS} random worlds follow the rules`, async () => {
  const wrong: string[] = [];
  const seen: Record<string, number> = {};
  for (let seed = FROM; seed < FROM + SEEDS && wrong.length < 5; seed++) {
    const outcome = await simulate(seed);
    for (const [name, count] of Object.entries(outcome.seen)) seen[name] = (seen[name] ?? 0) + count;
    if (outcome.violations.length > 0)
      wrong.push(`npm run simulate -- --world calls --seed ${seed}: ${outcome.violations[0]}`);
  }
  expect(wrong).toEqual([]);
  // A rule about events that never happened would prove nothing.
  for (const [name, count] of Object.entries(seen)) expect([name, count > 10]).toEqual([name, true]);
}, 120_000);

test("a seed always gives the same world", async () => {
  for (const seed of [1, 77, 1_234]) expect(await simulate(seed)).toEqual(await simulate(seed));
});

const each =
  (change: (policy: CallPolicy) => Partial<CallPolicy>) =>
  (setup: Setup): Setup => {
    const [first, ...more] = setup.policies.map((policy) => ({ ...policy, ...change(policy) }));
    return first === undefined ? setup : { ...setup, policies: [first, ...more] };
  };
const upstream =
  (change: (policy: Setup["upstream"]) => Partial<Setup["upstream"]>) =>
  (setup: Setup): Setup => ({ ...setup, upstream: { ...setup.upstream, ...change(setup.upstream) } });

test.each<[string, (setup: Setup) => Setup]>([
  ["a shorter budget", (setup) => ({ ...setup, methodMs: setup.methodMs * 0.8 })],
  ["a smaller bound for a response", (setup) => ({ ...setup, concurrent: 1 })],
  ["a shorter timeout", each(({ timeoutMs }) => ({ timeoutMs: timeoutMs && timeoutMs - 5 }))],
  ["fewer attempts", each(({ retry }) => ({ retry: retry && { ...retry, attempts: retry.attempts - 1 } }))],
  ["later hedges", each(({ hedge }) => ({ hedge: hedge && { ...hedge, delayMs: hedge.delayMs + 5 } }))],
  ["no hedges", each(() => ({ hedge: undefined }))],
  ["a shorter time in the cache", each(({ cache }) => ({ cache: cache && { ttlMs: cache.ttlMs / 2 } }))],
  ["other headers passed on", each(({ forward }) => ({ forward: forward?.slice(0, 1) }))],
  ["equal calls made once", each(() => ({ coalesce: true }))],
  ["a smaller inner limit", each(({ limit }) => ({ limit: limit && { ...limit, concurrent: limit.concurrent - 1 } }))],
  ["a smaller limit", upstream(({ limit }) => ({ limit: limit && { ...limit, concurrent: limit.concurrent - 1 } }))],
  [
    "a smaller retry budget",
    upstream(({ retryBudget }) => ({ retryBudget: retryBudget && { ...retryBudget, maxTokens: 1 } })),
  ],
  [
    "a breaker that opens sooner",
    upstream(({ breaker }) => ({ breaker: breaker && { ...breaker, minimum: Math.ceil(breaker.minimum / 2) } })),
  ],
  [
    "a breaker that opens later",
    upstream(({ breaker }) => ({ breaker: breaker && { ...breaker, minimum: breaker.minimum + 1 } })),
  ],
  [
    "a breaker that opens after fewer calls in a row",
    upstream(({ breaker }) => ({ breaker: breaker && { ...breaker, consecutive: 1 } })),
  ],
  ["a breaker without a row", upstream(({ breaker }) => ({ breaker: breaker && { ...breaker, consecutive: 0 } }))],
  ["a breaker open for longer", upstream(({ breaker }) => ({ breaker: breaker && { ...breaker, openMs: 400 } }))],
  ["another slow rule", upstream(({ breaker }) => ({ breaker: breaker && { ...breaker, slowMs: 10, slowRate: 0.1 } }))],
  ["no breaker for a single method", upstream(() => ({ methods: undefined }))],
])(
  "rules with %s detect the violation",
  async (_, alter) => {
    let noticed = false;
    for (let seed = 0; seed < 500 && !noticed; seed++) noticed = (await simulate(seed, alter)).violations.length > 0;
    expect(noticed).toBe(true);
  },
  60_000,
);

import { expect, test } from "vitest";
import type { Simulation } from "../result/simulate.ts";
import { optionDiff } from "./option-diff.ts";
import { candidatesFor, type Evaluate, scoreOf, tune } from "./tune.ts";

const none = { value: 0, error: 0 };
const exactly = (value: number) => ({ value, error: 0 });

/** A simulation with one rpc and one call. */
const simulation = (p99: number, attempts = 100, degraded = 0, refused: readonly string[] = []): Simulation => ({
  requests: 1_000,
  rpcs: [
    {
      rpc: "web.v1.Web/Get",
      perSecond: 100,
      p50: none,
      p99: exactly(p99),
      degraded: exactly(degraded),
      failed: none,
      tail: { ms: 0, slower: none },
      causes: [],
    },
  ],
  calls: [
    {
      call: "a.v1.A/Get",
      perSecond: exactly(attempts),
      attempts: none,
      busy: none,
      peak: 1,
      expired: none,
      hits: none,
      refused: refused.map((cause) => ({ cause, share: 0.1 })),
    },
  ],
});
const change = (key: string, value: string) => ({ target: "a.v1.A/Get", key, value });
const LIMITS = { moreCalls: 0.03, moreIncomplete: 0.001 };
/** Effects of the changes: p99, attempts, degraded. */
const EFFECTS: Readonly<Record<string, readonly [p99: number, attempts: number, degraded: number] | undefined>> = {
  "hedge.delay 10ms": [60, 110, 0], // too many calls
  "hedge.delay 20ms": [80, 102, 0],
  "hedge.delay 30ms": [90, 101, 0],
  "timeout 50ms": [50, 100, 0.2], // degrades
  "limit.concurrent ×2": [85, 100, 0],
  "hedge.delay 20ms, limit.concurrent ×2": [70, 102, 0],
};
const evaluate: Evaluate = async (changes) => {
  const effect = EFFECTS[changes.map(({ key, value }) => `${key} ${value}`).join(", ")];
  return effect && [simulation(...effect)];
};

test("the search keeps the constraints, adds what gains, and skips impossible changes", async () => {
  const candidates = [
    change("hedge.delay", "10ms"),
    change("hedge.delay", "20ms"),
    change("hedge.delay", "30ms"),
    change("timeout", "50ms"),
    change("cache.ttl", "1s"),
    change("limit.concurrent", "×2"),
  ];
  const { changes, simulations } = await tune(evaluate, candidates, [simulation(100)], LIMITS);
  expect(changes).toEqual([change("hedge.delay", "20ms"), change("limit.concurrent", "×2")]);
  expect(simulations).toBe(7);
  expect((await tune(evaluate, [], [simulation(100)], LIMITS)).changes).toEqual([]);
});

test("candidates are percentiles of the latency, and limits where calls are refused", () => {
  const call = {
    latency: (share: number) => share * 100,
    failures: undefined,
    errors: 0,
    code: 14,
    concurrent: undefined,
    items: undefined,
  };
  const world = { calls: new Map([["*", call]]), rpcs: new Map() };
  expect(candidatesFor(world, [simulation(100)]).map(({ key, value }) => `${key} ${value}`)).toEqual([
    "hedge.delay 90ms",
    "hedge.delay 95ms",
    "hedge.delay 98ms",
    "timeout 99ms",
    "timeout 100ms",
    "timeout 100ms",
  ]);
  const refusing = candidatesFor(world, [simulation(100, 100, 0, ["limit"])]);
  expect(refusing.at(-1)).toEqual({ target: "a.v1.A", key: "limit.concurrent", value: "×2" });
});

test("a score weights rpcs by their rates", () => {
  expect(scoreOf([simulation(100, 10, 0.1), simulation(200, 20, 0.3)])).toEqual({
    p99: 150,
    attempts: 30,
    incomplete: 0.2,
  });
});

test("a diff names places, or entries to add", () => {
  const setting = (key: string, value: number | null, at?: string) => ({
    item: "a.v1.A/Get",
    key,
    unit: "ms",
    value,
    ...(at && { at }),
  });
  const before = [setting("timeout", 400, "policy.proto:10"), setting("hedge.delay", null)];
  const after = [setting("timeout", 2_000), setting("hedge.delay", 95)];
  expect(optionDiff([change("timeout", "2s"), change("hedge.delay", "95ms")], before, after)).toBe(
    `policy.proto:10, for a.v1.A/Get
- timeout: "400ms"
+ timeout: "2s"
(bff.v1.file)
+ upstream: { service: "a.v1.A" method: "Get" hedge: { delay: "95ms" } }
`,
  );
});

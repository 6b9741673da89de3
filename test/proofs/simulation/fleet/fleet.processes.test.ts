// Promises about fleets, in the simulation of `npm run fleet`, with few processes.
import { expect, test } from "vitest";
import { SCENARIOS } from "./scenarios.ts";

const rowOf = async (name: string, processes: number) => (await SCENARIOS[name]?.run(processes, 1)) ?? {};

test("breakers bound the calls to a hanging upstream, and most requests fail at once", async () => {
  const { "calls/s": calls = 0, "failed at once": atOnce = 0 } = await rowOf("hanging", 10);
  // A probe in each open time, and the calls of its first 300 ms.
  expect(calls).toBeLessThan(50);
  expect(atOnce).toBeGreaterThan(0.9);
});

test("a fleet is back soon after its upstream, without more calls than requests", async () => {
  const row = await rowOf("recovering", 10);
  expect(row["s until the last failure"]).toBeLessThanOrEqual(10);
  expect(row["calls/request after"]).toBeLessThanOrEqual(1.1);
});

test("retry budgets bound the calls of a fleet", async () => {
  expect((await rowOf("retries", 10))["calls/request"]).toBeLessThanOrEqual(1.1);
});

test("an adaptive limit keeps an overloaded upstream answering, which collapses without one", async () => {
  expect((await rowOf("adaptive limit", 10))["answers/s"]).toBeGreaterThan(400);
  expect((await rowOf("no limit", 10))["answers/s"]).toBeLessThan(100);
});

test("a hundred processes with few calls in flight each keep half of an overloaded upstream's answers", async () => {
  expect((await rowOf("adaptive limit", 100))["answers/s"]).toBeGreaterThan(250);
});

test("leases repeat few calls, even if fetches fail or take long", async () => {
  const row = await rowOf("leases", 10);
  expect(row["calls for a key that is fetched"]).toBeLessThan(0.25);
  expect(row["leases/call"]).toBeLessThan(2);
});

test("cold caches of all processes fetch each key once", async () => {
  expect((await rowOf("cold caches", 10))["calls/key"]).toBe(1);
  expect((await rowOf("cold caches, each for itself", 10))["calls/key"]).toBeGreaterThan(1.5);
});

test.each([1, 10, 100])(
  "%i processes with leases never exceed a rate limit, and lose little of it",
  async (processes) => {
    for (const name of ["a limit that is exceeded", "a limit with room"]) {
      const row = await rowOf(name, processes);
      expect(row["above the limit"]).toBe(0);
      expect(row["admitted, of exact"]).toBeGreaterThan(0.97);
      expect(row["commands, of single"]).toBeLessThan(1.1);
    }
  },
);

import { expect, test } from "vitest";
import { LEAST_KILLS, SMALL, torture } from "./torture.ts";

test("every follower sees each number once and in order, while BFFs, NATS and clients are killed in turn", async () => {
  const { faults, items, resets, kills, consumers } = await torture({ ...SMALL, log: () => {} });
  expect(faults).toEqual([]);
  expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS);
  // Nothing that NATS keeps is lost with it.
  expect([resets, items]).toEqual([0, SMALL.followers * SMALL.events]);
  expect(consumers).toBe(0);
}, 180_000);

import { expect, test } from "vitest";
import { SMALL, torture } from "./torture.ts";

test("every follower sees each number once and in order, while BFFs, NATS and clients are killed in turn", async () => {
  const { faults, items, resets, kills, consumers } = await torture({ ...SMALL, log: () => {} });
  expect(faults).toEqual([]);
  // A BFF, clients and NATS; how often more depends on how long a BFF takes to start again.
  expect(kills).toBeGreaterThanOrEqual(3);
  // Nothing that NATS keeps is lost with it.
  expect([resets, items]).toEqual([0, SMALL.followers * SMALL.events]);
  expect(consumers).toBe(0);
}, 180_000);

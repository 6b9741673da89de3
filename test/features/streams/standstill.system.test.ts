// Holds docs/runtime.md#topics
import { expect, test } from "vitest";
import { CI, standstill } from "./standstill.ts";

test("a follower receives every item that the stream keeps, in order, or a reset, whichever process is stopped", async () => {
  const { faults, stops, resets } = await standstill({ ...CI, log: () => {} });
  expect(faults).toEqual([]);
  expect(stops).toBe(3 * CI.runs);
  expect(resets).toBeGreaterThan(CI.runs); // else nothing was dropped
}, 300_000);

// The load test, for both BFFs, with breakers and without. LOAD_REQUESTS sets how many requests each of the four sends.
// Holds docs/runtime.md#failures
import { describe, expect, it } from "vitest";
import { second, workedExample } from "./bffs.ts";
import { load, summary } from "./load.ts";

const requests = Number(process.env.LOAD_REQUESTS ?? 1_000);

describe.each([workedExample, second])("$name under load", (bff) => {
  // With breakers, that of memory (error_rate 0.05) is open most of the time: no answer need be complete.
  it.each([
    { breakers: false, complete: requests / 100 },
    { breakers: true, complete: 0 },
  ])(
    "gives the oracle's answers, breakers: $breakers",
    async ({ breakers, complete }) => {
      const report = await load(bff, { requests, breakers });
      expect(summary(report.mismatches)).toBe("");
      expect(report.logFaults.slice(0, 5)).toEqual([]);
      expect(report.unhandled).toEqual([]);
      expect(report.leaked).toEqual([]);
      // The faults were felt, and not everything failed.
      expect(report.requests).toBe(requests);
      expect(report.degraded).toBeGreaterThan(requests / 100);
      expect(report.answers).toBeGreaterThanOrEqual(complete);
    },
    300_000,
  );
});

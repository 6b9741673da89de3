// The load test, for both BFFs, with breakers and without. LOAD_REQUESTS sets how many requests each of the four sends.
import { describe, expect, it } from "vitest";
import { second, workedExample } from "./bffs.ts";
import { load, summary } from "./load.ts";

const requests = Number(process.env.LOAD_REQUESTS ?? 10_000);

describe.each([workedExample, second])("$name under load", (bff) => {
  it.each([{ breakers: false }, { breakers: true }])(
    "every answer is what the oracle says, breakers: $breakers",
    async ({ breakers }) => {
      const report = await load(bff, { requests, breakers });
      expect(summary(report.mismatches)).toBe("");
      expect(report.logFaults.slice(0, 5)).toEqual([]);
      expect(report.unhandled).toEqual([]);
      expect(report.leaked).toEqual([]);
      // The faults were felt, and not everything failed.
      expect(report.requests).toBe(requests);
      expect(report.degraded).toBeGreaterThan(requests / 100);
      expect(report.answers).toBeGreaterThan(0);
    },
    300_000,
  );
});

// The load test and the oracle tried on a BFF written by hand: they accept what is right and find what is not.
import { describe, expect, it } from "vitest";
import type { Bff } from "./bff.ts";
import { workedExample } from "./bffs.ts";
import { dashboardByHand, type Mistake } from "./by-hand.ts";
import { load, summary } from "./load.ts";

const byHand = (mistake?: Mistake): Bff => ({
  ...workedExample,
  name: "by-hand",
  endpoints: (client, observer) => dashboardByHand(client, observer, mistake),
});

describe("the worked example by hand, under load", () => {
  it("gives the oracle's answers", async () => {
    const report = await load(byHand(), { requests: 300, inFlight: 16, breakers: false });
    expect(summary(report.mismatches)).toBe("");
    expect(report.logFaults).toEqual([]);
    expect(report.unhandled).toEqual([]);
    expect(report.leaked).toEqual([]);
    expect(report).toMatchObject({ requests: 300 });
    expect(Math.min(report.answers, report.degraded, report.statuses[3] ?? 0)).toBeGreaterThan(0);
  }, 60_000);

  it.each([
    ["unmapped status", 'answer.agent.status: expected "AGENT_STATUS_RUNNING", got nothing'],
    ["no entry", "no entry for unread"],
    ["unguarded", "must not be made"],
  ] as const)(
    "reveals a mistake: %s",
    async (mistake, fault) => {
      const report = await load(byHand(mistake), { requests: 150, breakers: false });
      expect(report.mismatches.some((mismatch) => mismatch.includes(fault))).toBe(true);
    },
    60_000,
  );
});

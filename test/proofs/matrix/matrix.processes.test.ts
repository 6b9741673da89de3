// The fault matrix of the small BFFs, a part of the faults in each run; `npm run matrix` plays all. That of the second
// one is a file of its own, so that both can run at a time.
// Holds docs/runtime.md#failures
import { describe, expect, it } from "vitest";
import { sampled } from "../../support/seed/sampled.ts";
import { status } from "../oracle/faults.ts";
import { every, mobile, open, web, workedExample } from "./bffs.ts";
import { type Fault, faults } from "./faults.ts";
import { matrix, renderReport } from "./matrix.ts";

const part = sampled(faults);

describe.each([every, open, web, mobile, workedExample])("$name", (bff) => {
  it("has the declared result for every fault on every edge", async () => {
    const report = await matrix(bff, { faults: part });
    expect(renderReport(report)).toMatch(/all as declared/);
    expect(report.cells).toBe(report.edges * part.length);
  }, 600_000);
});

describe("a result that differs from the declared one is found", () => {
  const declared = (name: string, change: Partial<Fault>): Fault => {
    const found = faults.find((fault) => fault.name === name);
    if (found === undefined) throw new Error(`no fault ${name}`);
    return { ...found, ...change };
  };
  const failing = (code: number) => ({ kind: "failure", failing: status(code) }) as const;
  it.each([
    ["a reason", declared("status 5", { first: failing(14) }), "cause of unread"],
    ["a status", declared("status 8", { first: failing(5) }), "expected status 13, got 8"],
    ["a failure that does not come", declared("none", { first: failing(5) }), "answer.unread: expected nothing, got 7"],
    [
      "a failure that comes",
      declared("undecodable body", { first: { kind: "answer" } }),
      "answer.unread: expected 7, got nothing",
    ],
    ["attempts that are not made", declared("status 14", { exhausted: true }), "was sent 3 times, expected 1 to 1"],
    [
      "attempts that are made",
      declared("retry budget exhausted", { exhausted: false }),
      "was sent 1 times, expected 3 to 3",
    ],
  ] as const)("%s", async (_, fault, text) => {
    const report = await matrix(web, { faults: [fault] });
    expect(report.wrong.length).toBe(report.edges);
    expect(renderReport(report)).toContain(text);
  });
  it.each([
    ["the reason of an old answer", declared("status 5", { first: failing(14) }), "cause of with_note: 5"],
    ["an old answer that was renewed", declared("status 5", { first: { kind: "answer" } }), "not degraded: with_note"],
    ["an old answer that was not renewed", declared("none", { first: failing(5) }), "no entry for with_note"],
  ] as const)("%s", async (_, fault, text) => {
    const report = await matrix(every, { faults: [fault], edge: "Long.remembered, remembered" });
    expect(report.edges).toBe(1);
    expect(report.wrong.length).toBe(1);
    expect(renderReport(report)).toContain(text);
  });
});

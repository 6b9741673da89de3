// Holds docs/runtime.md#failures
import { expect, it } from "vitest";
import { sampled } from "../../support/seed/sampled.ts";
import { second } from "./bffs.ts";
import { faults } from "./faults.ts";
import { matrix, renderReport } from "./matrix.ts";

const part = sampled(faults);

it("the second BFF has the declared result for every fault on every edge", async () => {
  const report = await matrix(second, { faults: part });
  expect(renderReport(report)).toMatch(/all as declared/);
  expect(report.cells).toBe(report.edges * part.length);
}, 600_000);

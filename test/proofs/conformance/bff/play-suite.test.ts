import { expect, test } from "vitest";
import { play } from "../../../../packages/conformance/src/play-suite.ts";
import { readSuite } from "../../../../packages/conformance/src/suite.ts";

test("failures and counts are logged during the run", async () => {
  const suite = readSuite();
  const cases = suite.cases.slice(0, 2);
  const lines: string[] = [];
  // Nothing listens there: each case fails.
  const options = { url: "http://127.0.0.1:1", protocols: ["connect"], concurrency: 1 };
  await play(suite, cases, { stages: new Map() }, { ...options, log: (line) => lines.push(line) });
  expect(lines).toEqual([
    "2 runs of 2 cases",
    `failed: ${cases[0]?.id} over connect`,
    "1 of 2 played, 1 failed",
    `failed: ${cases[1]?.id} over connect`,
    "2 of 2 played, 2 failed",
    "each of the 2 failed runs is played again, alone",
  ]);
});

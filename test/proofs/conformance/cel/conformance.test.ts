import { expect, it } from "vitest";
import { runConformance } from "./conformance.ts";
import { failingOf, KINDS, knownFailing } from "./report.ts";

const run = runConformance();
const failing = failingOf(run);
const known = knownFailing();

it("the suite runs every case", () => {
  expect(KINDS.map((kind) => run[kind].length)).toEqual([2344, 2167, 39]);
});

it.each(KINDS)("the suite fails no case of %s except those in failing.json", (kind) => {
  expect(failing[kind].filter((name) => !known[kind].includes(name))).toEqual([]);
});

it.each(KINDS)("every case of %s in failing.json fails (npm run conformance:cel -- --update)", (kind) => {
  expect(known[kind].filter((name) => !failing[kind].includes(name))).toEqual([]);
});

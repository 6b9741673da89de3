import { expect, it } from "vitest";
import { runConformance } from "./conformance.ts";
import { failingOf, KINDS, knownFailing } from "./report.ts";

const run = runConformance();
const failing = failingOf(run);
const known = knownFailing();

it("runs every case", () => {
  expect(KINDS.map((kind) => run[kind].length)).toEqual([2344, 2167, 39]);
});

it.each(KINDS)("fails no case of %s but those in failing.json", (kind) => {
  expect(failing[kind].filter((name) => !known[kind].includes(name))).toEqual([]);
});

it.each(KINDS)("has no case of %s in failing.json that passes (npm run conformance:cel -- --update)", (kind) => {
  expect(known[kind].filter((name) => !failing[kind].includes(name))).toEqual([]);
});

import { expect, test } from "vitest";
import { gantt } from "./gantt.ts";

test("bars are at their times, in order of start", () => {
  const lines = gantt(
    [
      { label: "second", startedAt: 150, endedAt: 200 },
      { label: "first", startedAt: 100, endedAt: 150, note: "failed" },
    ],
    100,
    200,
    10,
  );
  expect(lines).toEqual(["first   █████         0 →  50 ms  failed", "second       █████   50 → 100 ms"]);
});

test("an empty span, even at the end, has a bar", () => {
  expect(gantt([{ label: "a", startedAt: 10, endedAt: 10 }], 0, 10, 4)).toEqual(["a     █  10 → 10 ms"]);
});

import { expect, test } from "vitest";
import { quietMs } from "./project.ts";

test.each([
  [0, 150],
  [900, 900],
  [9_000, 2_000],
])("after a compilation of %i ms, the next one waits for %i ms without a change", (took, quiet) => {
  expect(quietMs(took)).toBe(quiet);
});

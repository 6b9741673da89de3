// A little of `npm run fuzz -- frames`.
import { expect, test } from "vitest";
import { fuzzFrames } from "./frames.ts";
import { OWN_FIRST } from "./server-under-test.ts";

const MEMORY_BACK = 16 << 20;

test.each(OWN_FIRST)(
  "the server answers valid random frames, and invalid ones end at most their connection (%s)",
  async (framing) => {
    const outcome = await fuzzFrames({ framing, frames: 4_000, seed: 1, only: undefined });
    expect(outcome.failures).toEqual([]);
    expect(Math.min(outcome.kept, outcome.goaways)).toBeGreaterThan(3);
    expect(outcome.answered).toBeGreaterThan(200);
    expect(outcome.bystander).toBeGreaterThan(3);
    expect(outcome.heldBytes).toBeLessThan(MEMORY_BACK);
  },
  120_000,
);

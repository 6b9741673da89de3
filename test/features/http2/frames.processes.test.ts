// A little of `npm run fuzz -- frames`.
import { expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { fuzzFrames } from "./frames.ts";
import { OWN_FIRST } from "./server-under-test.ts";

const MEMORY_BACK = 16 << 20;

test.each(OWN_FIRST)(
  "the server answers valid random frames, and invalid ones end at most their connection (%s)",
  async (framing) => {
    const outcome = await fuzzFrames({ framing, frames: 4_000, seed: Number(seedOf()), only: undefined });
    expect(outcome.failures).toEqual([]);
    expect(Math.min(outcome.kept, outcome.goaways)).toBeGreaterThan(0);
    expect(outcome.answered).toBeGreaterThan(100);
    expect(outcome.bystander).toBeGreaterThan(0);
    expect(outcome.heldBytes).toBeLessThan(MEMORY_BACK);
  },
  120_000,
);

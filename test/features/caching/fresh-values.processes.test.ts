// Fresh fields show no upstream value from before their request: a short run of `npm run fuzz -- fresh`.
import { expect, test } from "vitest";
import { fuzzFresh } from "../../proofs/fuzz/fresh.ts";
import { seedOf } from "../../support/seed/seed.ts";

test("fresh fields of random BFFs show no call from before their request", { timeout: 240_000 }, async () => {
  let [accepted, old] = [0, 0];
  // Few of some hundred cases refuse a field that would show an old value: a run draws another hundred then.
  for (let round = 0; round < 4 && (accepted <= 20 || old <= 5); round++) {
    const { faults, ...counts } = await fuzzFresh(
      { cases: 100, seed: Number(seedOf()) + round, only: undefined },
      () => {},
    );
    expect(faults.join("\n\n")).toBe("");
    accepted += counts.accepted;
    old += counts.old;
  }
  expect(accepted).toBeGreaterThan(20);
  expect(old, "refused fields show old values").toBeGreaterThan(5);
});

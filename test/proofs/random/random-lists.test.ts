// Random lists of composed messages, generated and asked in this process on mocks: answers and calls are what the oracle says.
// Holds docs/runtime.md#batching
import { afterAll, beforeAll, expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { type Cases, cases } from "./cases.ts";
import { randomLists, UPSTREAM } from "./random-lists.ts";
import { run } from "./run-list.ts";

/** Again with the same: SEED=… vitest run test/proofs/random. More: LISTS=400 WORLDS=50. */
const SEED = seedOf("SEED");
const LISTS = Number(process.env.LISTS ?? 20);
const WORLDS = Number(process.env.WORLDS ?? 8);

let made: Cases;
beforeAll(async () => {
  made = await cases("lists", randomLists, SEED, LISTS, UPSTREAM);
}, 120_000);
afterAll(() => made.remove());

test(`random lists equal the oracle's answers, seed ${SEED}`, { timeout: 3_600_000 }, async () => {
  const { ir, all } = made;
  const wrong: string[] = [];
  const seen = { lists: all.length, answers: 0, degraded: 0, failed: 0, calls: 0 };
  let undecided = 0;
  for (const testCase of all)
    for (let i = 0; i < WORLDS && wrong.length < 3; i++) {
      const found = await run(ir, testCase, `${SEED} ${testCase.name} ${i}`);
      if (found.fault !== undefined)
        wrong.push(`SEED=${SEED}, ${testCase.name}, world ${i}: ${found.fault}\n${testCase.proto}`);
      if (found.undecided) undecided++;
      if (found.got.kind === "status") seen.failed++;
      else if (found.got.degradedHeader === undefined) seen.answers++;
      else seen.degraded++;
      seen.calls += found.calls;
    }
  console.log(JSON.stringify({ ...seen, undecided }));
  expect(wrong.join("\n")).toBe("");
  expect(undecided).toBeLessThan(0.05 * LISTS * WORLDS);
  for (const [what, count] of Object.entries(seen)) expect([what, count > 2]).toEqual([what, true]);
});

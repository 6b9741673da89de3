import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { BORDERS } from "./borders.ts";
import { MISTAKES } from "./mistakes.ts";
import { proveMissing } from "./run.ts";

const SEED = Number(process.env.PROTOBFF_SEED ?? 1);
/** As for `sampled`: 1 runs all cases. */
const SHARE = Number(process.env.PROTOBFF_SHARE ?? 100);
const CASES = Math.round(20_000 / SHARE);

test(`values that are missing cross every border of ${CASES} random BFFs with an effect or a refusal`, async () => {
  const { faults, borders, refused } = await proveMissing({ cases: CASES, seed: SEED, only: undefined }, () => {});
  expect(faults).toEqual([]);
  expect(refused).toBeGreaterThan(0);
  for (const border of BORDERS) expect(borders[border], border).toBeGreaterThanOrEqual(CASES / 40);
}, 180_000); // a busy machine takes 60 s

// Another fifth of the mistakes in each run.
const planted = MISTAKES.map((mistake, number) => ({ ...mistake, number }));
const drawn = SHARE === 1 ? planted : planted.filter(({ number }) => number % 5 === SEED % 5);
test.each(drawn)("500 cases find that $what", ({ number }) => {
  const script = fileURLToPath(new URL("find-mistake.ts", import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, `${number}`, `${SEED}`], {
    encoding: "utf8",
  });
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/^found within \d+ cases: /);
});

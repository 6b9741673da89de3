// A short one; `npm run soak` is longer.
// Holds docs/runtime.md#cancellation
import { expect, test } from "vitest";
import { described, rowsOf } from "./report.ts";
import { soak } from "./soak.ts";

const SECONDS = Number(process.env.SOAK_SECONDS ?? 25);

test("a process returns to its initial resources after faults under load", async () => {
  const report = await soak({ seconds: SECONDS });
  process.stdout.write(`${described(report, SECONDS)}\n`);
  expect(rowsOf(report).filter(({ ok }) => !ok)).toEqual([]);
}, 600_000);

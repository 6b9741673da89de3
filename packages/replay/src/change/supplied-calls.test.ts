import { expect, test } from "vitest";
import type { Supplied } from "../missing/missing-answers.ts";
import type { SentAttempt, Stage } from "../tape/stage.ts";
import { SuppliedCalls } from "./supplied-calls.ts";

test.each([
  ["batch", 9_000, 1_009_000],
  ["live", 9_000, 1_005_000],
  ["sample", 0, 1_005_000],
] as const)("an answer of kind %s is due after its time, or after the usual one", async (kind, tookUs, dueAt) => {
  const due: number[] = [];
  const stage = { clock: { at: 0 }, log: [] } as unknown as Stage;
  const found: Supplied = { kind, tookUs, deliver: () => {} };
  const calls = new SuppliedCalls(
    stage,
    (us, run) => {
      due.push(us);
      run();
    },
    async () => found,
  );
  calls.add({ path: "/up.v1.ItemService/Get", at: 1_000_000, isOver: false } as SentAttempt, 0, 5_000);
  await calls.known();
  expect([due, calls.kinds, calls.unmatched]).toEqual([[dueAt], [kind], []]);
});

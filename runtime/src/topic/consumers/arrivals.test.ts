// Holds docs/runtime.md#topics
import { expect, test } from "vitest";
import { Arrivals } from "./arrivals.ts";

/** Items at sequence numbers; each proof is answered by hand. */
function arriving(last: number) {
  const happened: (number | string)[] = [];
  const proofs: { readonly seq: number; readonly answer: (whole: boolean) => void; readonly fail: () => void }[] = [];
  const isWhole = (seq: number): Promise<boolean> =>
    new Promise((resolve, reject) => proofs.push({ seq, answer: resolve, fail: () => reject(new Error("away")) }));
  const arrivals = new Arrivals(last, isWhole, {
    arrived: ({ seq }) => happened.push(seq),
    gap: () => happened.push("gap"),
    unproven: (error) => happened.push(String(error)),
  });
  const add = (seq: number, bytes = 1, since = seq - 1): void =>
    arrivals.add({ seq, subject: "s", data: new Uint8Array(bytes) }, since);
  const prove = async (answer: "whole" | "gap" | "fail"): Promise<number | undefined> => {
    const proof = proofs.shift();
    if (answer === "fail") proof?.fail();
    else proof?.answer(answer === "whole");
    await Promise.resolve().then(() => {});
    return proof?.seq;
  };
  return { arrivals, add, prove, happened, proofs };
}

test("consecutive items, and the first item of a key, pass at once", () => {
  const { add, happened, proofs } = arriving(0);
  for (const seq of [7, 8, 9, 9, 8]) add(seq);
  expect([happened, proofs]).toEqual([[7, 8, 9], []]);
});
test("other items wait for a proof of continuity, which covers all items before its start", async () => {
  const { add, prove, happened, proofs } = arriving(1);
  for (const seq of [5, 6, 9]) add(seq);
  expect(happened).toEqual([]);
  expect([await prove("whole"), happened]).toEqual([1, [5, 6]]);
  expect([await prove("whole"), happened]).toEqual([6, [5, 6, 9]]);
  add(10);
  expect([happened, proofs]).toEqual([[5, 6, 9, 10], []]);
});
test("a gap is reported before the first item after it, and later items are proved from there", async () => {
  const { add, prove, happened } = arriving(1);
  for (const seq of [50, 51, 60, 70]) add(seq);
  expect([await prove("gap"), happened]).toEqual([1, ["gap", 50, 51]]);
  expect([await prove("whole"), happened]).toEqual([51, ["gap", 50, 51, 60, 70]]);
});
test("a failed proof ends the arrivals, and closed arrivals give nothing", async () => {
  const failing = arriving(1);
  failing.add(5);
  await failing.prove("fail");
  failing.add(6);
  expect(failing.happened).toEqual(["Error: away"]);
  const closed = arriving(1);
  closed.add(5);
  closed.arrivals.close();
  await closed.prove("whole");
  expect(closed.happened).toEqual([]);
});
test.each([
  ["items", 1_026, 1],
  ["bytes", 18, 65_536],
])("too many waiting %s end the arrivals, without an effect on others", async (_, count, bytes) => {
  const [full, other] = [arriving(1), arriving(1)];
  for (let i = 0; i < count; i++) full.add(5 + 2 * i, bytes);
  for (let i = 0; i < 10; i++) other.add(5 + 2 * i);
  expect([full.happened, full.proofs.length]).toEqual([["Error: too many items wait"], 1]);
  await other.prove("whole");
  await other.prove("whole");
  expect(other.happened).toHaveLength(10);
});

test("items of a shared consumer that received the whole stream since the last one pass at once", () => {
  const { add, happened, proofs } = arriving(5);
  add(9, 1, 5);
  add(14, 1, 5);
  expect([happened, proofs]).toEqual([[9, 14], []]);
  add(20, 1, 15);
  expect([happened, proofs.length]).toEqual([[9, 14], 1]);
});

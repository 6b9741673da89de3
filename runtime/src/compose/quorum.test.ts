import fc from "fast-check";
import { expect, test } from "vitest";
import { Code, Failure, Reason } from "../failure.ts";
import type { Scope } from "../scope/scope.ts";
import { front, page } from "../testing/front.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";
import type { Quorum } from "./quorum.ts";

noUnhandledRejections();

type End = "value" | "nothing" | "failure";
interface Case {
  readonly ends: readonly End[];
  /** Indexes of the items, in the order of their ends. */
  readonly order: readonly number[];
  readonly needs: Quorum;
}

const cases: fc.Arbitrary<Case> = fc
  .array(fc.constantFrom<End>("value", "value", "nothing", "failure"), { maxLength: 8 })
  .chain((ends) =>
    fc.record({
      ends: fc.constant(ends),
      order: fc.shuffledSubarray([...ends.keys()], { minLength: ends.length }),
      needs: fc.record({ min: fc.nat(4), enough: fc.integer({ min: 1, max: 5 }) }, { requiredKeys: [] }),
    }),
  )
  .filter(({ needs: { min = 0, enough = min } }) => min <= enough);

/** The values, and how many items end before the list does. Undefined values: it fails. */
function expected({ ends, order, needs: { min = 0, enough = ends.length } }: Case): {
  values: number[] | undefined;
  after: number;
} {
  if (ends.length < min) return { values: undefined, after: 0 };
  const count = (items: readonly number[], end: End): number => items.filter((i) => ends[i] === end).length;
  const after = [...order.keys(), ends.length].find((n) => {
    const rest = ends.length - n;
    const present = count(order.slice(0, n), "value");
    return rest === 0 || present >= enough || present + rest < min;
  });
  const ended = order.slice(0, after).sort((a, b) => a - b);
  const fails = count(ended, "value") < min || (ends.length > 0 && count(ended, "failure") === ends.length);
  return { values: fails ? undefined : ended.filter((i) => ends[i] === "value"), after: after ?? 0 };
}

const failure = new Failure({
  code: Code.UNAVAILABLE,
  clientCode: Code.UNAVAILABLE,
  reason: Reason.UNAVAILABLE,
  callee: "",
  message: "down",
});
const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a list has the values that its needs define for any order of ends, and cancels exactly the other items", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (testCase) => {
      const { values, after } = expected(testCase);
      const { send } = front();
      const { answer } = send(async (cx) => {
        const ends = testCase.ends.map(() => Promise.withResolvers<number | undefined>());
        for (const { promise } of ends) promise.catch(() => {}); // of items that never run
        const scopes: Scope[] = [];
        let state: string | undefined;
        cx.quorum([...ends.keys()], testCase.needs, (i, part) => {
          scopes[i] = part.scope;
          return ends[i]?.promise ?? Promise.resolve(undefined);
        }).then(
          (list) => (state = `[${list.join()}]`),
          () => (state = "failed"),
        );
        await drained();
        for (const [n, i] of testCase.order.entries()) {
          expect(state !== undefined, `after ${n}`).toBe(n >= after);
          if (testCase.ends[i] === "failure") ends[i]?.reject(failure);
          else ends[i]?.resolve(testCase.ends[i] === "value" ? i : undefined);
          await drained();
        }
        expect(state).toBe(values === undefined ? "failed" : `[${values.join()}]`);
        const cancelled = testCase.order.slice(after).sort();
        if (testCase.ends.length >= (testCase.needs.min ?? 0))
          expect([...scopes.keys()].filter((i) => scopes[i]?.over && testCase.ends[i] !== "failure")).toEqual(
            cancelled.filter((i) => testCase.ends[i] !== "failure"),
          );
        return page({});
      });
      const { failure: wrong } = await answer;
      expect(wrong).toBeUndefined();
    }),
  );
});

test("one item of ten thousand suffices, and the list costs no more than linear time", async () => {
  const { send } = front();
  const { answer } = send(async (cx) => {
    const items = Array.from({ length: 10_000 }, (_, i) => i);
    const list = await cx.quorum(items, { enough: 10_000 }, async (i) => i);
    return page({ facts: [String(list.length)] });
  });
  expect((await answer).page?.facts).toEqual(["10000"]);
});

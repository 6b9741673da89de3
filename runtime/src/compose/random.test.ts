import { expect, test } from "vitest";
import { front, page } from "../testing/front.ts";
import { randomUuid } from "./request-facts.ts";

/** Gives these in turn, again and again. */
function clockOf(...values: number[]) {
  let at = 0;
  return { random: () => values[at++ % values.length] ?? 0 } as Parameters<typeof randomUuid>[0];
}

// RFC 9562, section 5.4: the version is 4, the variant 10 in bits.
test.each([
  [[0], "00000000-0000-4000-8000-000000000000"],
  [[0.999], "ffffffff-ffff-4fff-bfff-ffffffffffff"],
  [[0, 0.5], "00800080-0080-4080-8080-008000800080"],
])("the clock's randomness gives a UUID of %j", (values, expected) => {
  expect(randomUuid(clockOf(...values))).toBe(expected);
});

test("a random value is drawn once per place and response", async () => {
  const { send, clock } = front();
  let calls = 0;
  clock.random = () => (calls++ % 97) / 97;
  const seen: unknown[][] = [];
  for (let times = 0; times < 2; times++) {
    const { answer } = send(async (cx) => {
      seen.push([
        cx.randomUuid("a"),
        cx.randomUuid("a"),
        cx.randomUuid("b"),
        cx.randomDouble("c"),
        cx.randomDouble("c"),
      ]);
      return page();
    });
    await answer;
  }
  for (const [first, same, other, number, again] of seen) {
    expect([same, again]).toEqual([first, number]);
    expect(other).not.toBe(first);
    expect(number).toBeLessThan(1);
  }
  expect(seen[0]?.[0]).not.toBe(seen[1]?.[0]);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import * as theirs from "../../../node_modules/@bufbuild/protovalidate/dist/esm/lib.js";
import { bytesContain, bytesEndWith, bytesStartWith, isInf, unique } from "./functions.ts";

test("bytes inside others are found as by protovalidate", () => {
  const bytes = fc.uint8Array({ max: 2, maxLength: 8 });
  fc.assert(
    fc.property(bytes, bytes, (all, part) => {
      expect(bytesContain(all, part)).toBe(theirs.bytesContains.call(all, part));
      expect(bytesStartWith(all, part)).toBe(theirs.bytesStartsWith.call(all, part));
      expect(bytesEndWith(all, part)).toBe(theirs.bytesEndsWith.call(all, part));
    }),
    { numRuns: 1000 },
  );
  // A codec reads a view into a larger buffer.
  expect(bytesContain(new Uint8Array([1, 2, 3, 4]).subarray(1, 3), new Uint8Array([4]))).toBe(false);
});

test("the uniqueness of list items equals protovalidate's", () => {
  const few = [
    fc.integer({ min: -1, max: 3 }),
    fc.bigInt({ min: -1n, max: 3n }),
    fc.constantFrom("", "a", "b", "A"),
    fc.constantFrom(0, -0, Number.NaN, 1.5),
    fc.uint8Array({ max: 1, maxLength: 2 }),
    fc.boolean(),
  ];
  fc.assert(
    fc.property(fc.oneof(...few.map((arbitrary) => fc.array<unknown>(arbitrary, { maxLength: 5 }))), (list) => {
      const theirList = { values: () => list.values() } as unknown as Parameters<typeof theirs.unique.call>[0];
      expect(unique(list)).toBe(theirs.unique.call(theirList as never));
    }),
    { numRuns: 1000 },
  );
  unique(Array.from({ length: 300_000 }, (_, i) => i));
});

test("infinity has a sign", () => {
  const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, Number.NaN, Number.MAX_VALUE];
  for (const sign of [undefined, 0, 1, -1, 5n, -5n]) {
    expect(values.map((value) => isInf(value, sign))).toEqual(values.map((value) => theirs.isInf.call(value, sign)));
  }
});

// Holds docs/runtime.md#server
import fc from "fast-check";
import { expect, test } from "vitest";
import { appendChunk } from "./append-chunk.ts";

test("all chunks are kept, in at most twice their bytes plus the reserve", () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 200 });
  const expectedBytes = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 20_000 }));
  fc.assert(
    fc.property(pieces, expectedBytes, fc.integer({ min: 0, max: 1000 }), (all, expected, atOnce) => {
      let body: Buffer | undefined;
      let used = 0;
      for (const piece of all) {
        body = appendChunk(body, used, Buffer.from(piece), expected, atOnce);
        used += piece.length;
        expect(body.length).toBeLessThanOrEqual(Math.max(4 * used, atOnce));
      }
      expect(body?.subarray(0, used)).toEqual(Buffer.concat(all));
    }),
  );
});

test("a body with a declared length is copied once", () => {
  const first = appendChunk(undefined, 0, Buffer.from("ab"), 6, 16);
  const second = appendChunk(first, 2, Buffer.from("cdef"), 6, 16);
  expect(second).toBe(first);
  expect(second.toString()).toBe("abcdef");
});

test("a first chunk that may be the whole body takes only its length", () => {
  const only = appendChunk(undefined, 0, Buffer.alloc(10_000, "a"), Number.POSITIVE_INFINITY, 0);
  expect(only.length).toBe(10_000);
  expect(appendChunk(only, 10_000, Buffer.from("b"), Number.POSITIVE_INFINITY, 0).length).toBe(20_002);
});

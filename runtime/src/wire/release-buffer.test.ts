import { expect, test } from "vitest";
import { markReleasable, releaseBuffer, releaseMarked } from "./release-buffer.ts";

test("a buffer with exclusive memory is empty after its release", () => {
  const bytes = Buffer.alloc(1 << 20, "a");
  const view = bytes.subarray(10, 20);
  releaseBuffer(bytes);
  expect([bytes.length, view.length, bytes.buffer.byteLength]).toEqual([0, 0, 0]);
});

test("memory shared with other buffers is kept", () => {
  const pooled = Buffer.allocUnsafe(2000).fill("p");
  const large = Buffer.alloc(1 << 20, "a");
  for (const buffer of [pooled, large.subarray(0, 500_000), large.subarray(1), Buffer.alloc(0)]) releaseBuffer(buffer);
  expect(pooled.every((byte) => byte === 0x70)).toBe(true);
  expect(large.length).toBe(1 << 20);
});

test("memory shared with threads is kept", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(1 << 16));
  releaseBuffer(shared);
  expect(shared.length).toBe(1 << 16);
});

test("a large buffer is released after its message is marked as fully read", () => {
  const [small, unread, read] = [Buffer.alloc(60_000), Buffer.alloc(1 << 16), Buffer.alloc(1 << 16)];
  for (const buffer of [small, read]) markReleasable(buffer.subarray(0));
  for (const buffer of [small, unread, read]) releaseMarked(buffer);
  expect([small, unread, read].map(({ length }) => length)).toEqual([60_000, 1 << 16, 0]);
});

import { expect, test } from "vitest";
import { CredentialCache } from "./credential-cache.ts";

test("the cache holds a maximum number of entries, and keeps recently used ones", () => {
  const known = new CredentialCache<number>(3);
  for (let i = 0; i < 3; i++) known.set(`k${i}`, i);
  known.get("k0");
  known.set("k3", 3);
  expect([known.size, known.get("k0"), known.get("k1"), known.get("k3")]).toEqual([3, 0, undefined, 3]);
});
test("the cache holds a maximum number of bytes, however few entries that allows", () => {
  const known = new CredentialCache<{ readonly bytes: number }>(1_000, ({ bytes }) => bytes);
  for (let i = 0; i < 100; i++) known.set(`k${i}`, { bytes: 1 << 20 });
  expect([known.size, known.get("k99")?.bytes]).toEqual([32, 1 << 20]);
  known.set("k99", { bytes: 1 });
  known.set("one more", { bytes: 1 << 20 }); // k68 goes for it
  expect(known.size).toBe(32);
  known.delete("none");
  known.set("too large", { bytes: 64 << 20 });
  expect([known.size, known.get("too large")]).toEqual([32, undefined]);
});

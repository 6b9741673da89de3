import { setImmediate as turn } from "node:timers/promises";
import * as zlib from "node:zlib";
import { expect, test } from "vitest";
import { AtOnce, COMPRESSIONS } from "./compressions.ts";

test("a maximum runs at the same time, owners take turns, and a failure frees its place", async () => {
  const most = new AtOnce(2);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const a = {};
  const b = {};
  const results = ["a1", "a2", "a3", "a4", "a5", "b1", "b2"].map((name) =>
    most.run(name.startsWith("a") ? a : b, () => {
      begun.push(name);
      return new Promise<string>((resolve, reject) =>
        ends.push(() => (name === "a2" ? reject(new Error(name)) : resolve(name))),
      );
    }),
  );
  const settled = Promise.allSettled(results);
  const steps: string[] = [begun.join()];
  while (ends.length > 0) {
    ends.shift()?.();
    await turn();
    steps.push(begun.join());
  }
  expect(steps).toEqual([
    "a1,a2",
    "a1,a2,a3",
    "a1,a2,a3,b1",
    "a1,a2,a3,b1,a4",
    "a1,a2,a3,b1,a4,b2",
    "a1,a2,a3,b1,a4,b2,a5",
    "a1,a2,a3,b1,a4,b2,a5",
    "a1,a2,a3,b1,a4,b2,a5",
  ]);
  expect((await settled).map(({ status }) => status)).toEqual([
    ...["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled", "fulfilled", "fulfilled"],
  ]);
});

test("brotli compresses answers as fast as gzip, at a low level", async () => {
  const bytes = Buffer.from(Array.from({ length: 500 }, (_, i) => `{"id":"user_${i * i}","name":"Ada ${i}"}`).join());
  const [gzip, br] = COMPRESSIONS;
  const compressed = (await br?.compress(bytes)) ?? new Uint8Array();
  expect(br?.name).toBe("br");
  expect(zlib.brotliDecompressSync(compressed)).toEqual(bytes);
  expect(compressed.length).toBeGreaterThan(zlib.brotliCompressSync(bytes).length);
  expect(compressed.length).toBeLessThan((await gzip?.compress(bytes))?.length ?? 0);
});

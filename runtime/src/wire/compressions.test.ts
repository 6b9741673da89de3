import { setImmediate as turn } from "node:timers/promises";
import * as zlib from "node:zlib";
import { Code, type ConnectError } from "@connectrpc/connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
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

// Connect's own compressions are the oracle.
const PAIRS = [
  ["gzip", compressionGzip],
  ["br", compressionBrotli],
] as const;
describe.each(PAIRS)("%s", (name, theirs) => {
  const ours = COMPRESSIONS.find((compression) => compression.name === name) ?? theirs;

  test("each reads what the other has written", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (bytes) => {
        const plain = new Uint8Array(bytes);
        expect(new Uint8Array(await theirs.decompress(await ours.compress(plain), 1 << 20))).toEqual(plain);
        expect(new Uint8Array(await ours.decompress(await theirs.compress(plain), 1 << 20))).toEqual(plain);
      }),
    );
  });
  test("no bytes are an empty message", async () => {
    expect(await ours.decompress(new Uint8Array(0), 10)).toHaveLength(0);
  });
  test("a longer result, a part and another format are the client's faults", async () => {
    const packed = await ours.compress(new Uint8Array(1_000));
    const codeOf = (bytes: Uint8Array, most: number): Promise<unknown> =>
      ours.decompress(bytes, most).catch((error: ConnectError) => Code[error.code]);
    expect(await codeOf(packed, 999)).toBe("ResourceExhausted");
    expect(await codeOf(packed, 1_000)).toHaveLength(1_000);
    expect(await codeOf(packed.subarray(0, -3), 1_000)).toBe("InvalidArgument");
    expect(await codeOf(new TextEncoder().encode("plain text"), 1_000)).toBe("InvalidArgument");
    const message = (error: ConnectError) => error.rawMessage;
    const [we, they] = [ours, theirs].map((compression) => compression.decompress(packed, 999).catch(message));
    expect(await we).toBe(await they);
  });
});

// Answers that wait to be compressed.
import { once } from "node:events";
import * as http from "node:http";
import { buffer } from "node:stream/consumers";
import * as zlib from "node:zlib";
import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { BEARER, GATE_PATH, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { COMPRESSIONS, ZLIB_AT_ONCE } from "@protobff/runtime/internal/wire/compressions";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { afterEach, expect, test, vi } from "vitest";
import { listen } from "../listen.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0)) await close();
});

const COUNT = 20;
/** So many are compressed at the same time. */
const UNDER_WAY = ZLIB_AT_ONCE;
/** Its answer has about 120 kB. */
const message = create(SourceContextSchema, {
  fileName: Array.from({ length: 5000 }, (_, i) => `x-${i}-header`).join(),
});
const GATED = { authorization: "Bearer user-ada" };

/** The text of an answer, which is to be compressed. */
type Read = (response: http.IncomingMessage, body: Buffer) => string;
const readJson: Read = (response, body) => {
  expect(response.headers["content-encoding"]).toBe("gzip");
  expect(response.headers["content-length"]).toBe(String(body.length));
  return (JSON.parse(zlib.gunzipSync(body).toString()) as { fileName: string }).fileName;
};
const readFrames: Read = (response, body) => {
  expect([response.headers["grpc-encoding"], body[0]]).toEqual(["gzip", 1]);
  const end = 5 + body.readUInt32BE(1);
  expect(body.subarray(end + 5).toString()).toContain("grpc-status: 0");
  return fromBinary(SourceContextSchema, zlib.gunzipSync(body.subarray(5, end))).fileName;
};

test.each<readonly [string, http.OutgoingHttpHeaders, Uint8Array, Read]>([
  [
    "on the fast path",
    { "content-type": "application/json", "accept-encoding": "gzip" },
    Buffer.from(toJsonString(SourceContextSchema, message)),
    readJson,
  ],
  [
    "on Connect's adapter, whole",
    { "content-type": "application/json", "content-encoding": "br", "accept-encoding": "gzip" },
    zlib.brotliCompressSync(toJsonString(SourceContextSchema, message)),
    readJson,
  ],
  [
    "on Connect's adapter, in frames",
    { "content-type": "application/grpc-web+proto", "grpc-accept-encoding": "gzip" },
    frame(toBinary(SourceContextSchema, message)),
    readFrames,
  ],
])("%s: they count as pending, and the oldest are dropped", async (_, headers, body, read) => {
  const made = await gate({ sources: [sourceOf("user", BEARER)], permit: {} });
  const { url, close } = await listen([made.endpoint], { identity: made.identity, maxPendingBytes: 900_000 });
  closing.push(
    () => close(0),
    () => made.identity.close(),
  );
  const [gzip] = COMPRESSIONS;
  if (gzip === undefined) throw new Error("no gzip");
  const compress = gzip.compress.bind(gzip);
  const begin = Promise.withResolvers<void>();
  const compressing = vi
    .spyOn(gzip, "compress")
    .mockImplementation((bytes) => begin.promise.then(() => compress(bytes)));
  const answers: Promise<string>[] = [];
  let count = 0;
  for (let i = 0; i < COUNT; i++) {
    const request = http.request(url + GATE_PATH, { method: "POST", headers: { ...GATED, ...headers } });
    request.end(body);
    const answered = once(request, "response").then(async ([response]) =>
      read(response as http.IncomingMessage, await buffer(response)),
    );
    answered.catch(() => count++);
    answers.push(answered);
    await expect.poll(() => made.seen.length).toBe(i + 1);
  }
  await expect.poll(() => count).toBeGreaterThan(0);
  begin.resolve();
  const ended = await Promise.allSettled(answers);
  const failed = ended.findLastIndex(({ status }) => status === "rejected");
  // The oldest, and those alone.
  expect(ended.map(({ status }) => status)).toEqual(ended.map((_, i) => (i <= failed ? "rejected" : "fulfilled")));
  expect(failed).toBeGreaterThanOrEqual(UNDER_WAY);
  expect(failed).toBeLessThan(COUNT - 2);
  for (const answer of ended.slice(failed + 1))
    expect(answer).toMatchObject({ value: expect.stringContaining("x-4999-header") });
  // What was given up while it waited is not compressed any more.
  expect(compressing.mock.calls.length).toBe(COUNT - (failed + 1 - UNDER_WAY));
});

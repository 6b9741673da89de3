import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ServerRequest, ServerResponse } from "../carrier/handler.ts";
import { PendingBytes } from "./pending-bytes.ts";
import { ADAPTER_BYTES, RequestBody } from "./request-body.ts";

function reading(maxPending: number, streams: boolean) {
  const pending = new PendingBytes(maxPending);
  const request = new PassThrough();
  const response = new PassThrough();
  const options = { pending, maxBytes: 4 << 20, streams };
  new RequestBody(request as unknown as ServerRequest, response as unknown as ServerResponse, options);
  const pieces = (request as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const comes = async (bytes: number): Promise<number | undefined> => {
    const next = pieces.next();
    request.write(Buffer.alloc(bytes));
    return (await next).value?.length;
  };
  /** Writes bytes. Returns the counted bytes, the bytes that wait to be read, and whether the request is still read. */
  const after = async (bytes: number) => {
    request.write(Buffer.alloc(bytes));
    await turn();
    return [pending.bytes, request.readableLength, request.readableFlowing];
  };
  return { pending, response, comes, after };
}

test("a dropped body is not collected further, and its later bytes are ignored", async () => {
  const { pending, comes, after } = reading(100_000 + ADAPTER_BYTES, false);
  expect(await comes(60_000)).toBe(60_000);
  expect(pending.bytes).toBe(60_000 + ADAPTER_BYTES);
  await expect(comes(60_000)).rejects.toThrow("too much is under way");
  expect(pending.bytes).toBe(0);
  expect(await after(50_000)).toEqual([0, 0, true]);
});

test("a streaming request counts until it ends, and is limited", async () => {
  const { pending, response, comes, after } = reading(8 << 20, true);
  for (let i = 1; i <= 17; i++) {
    expect(await comes(64_000)).toBe(64_000);
    expect(pending.bytes).toBe(i * 64_000 + ADAPTER_BYTES);
  }
  await expect(comes(10)).rejects.toThrow("too much is under way"); // 17 * 64,000 is more than 1 MiB
  const counted = pending.bytes;
  expect(await after(50_000)).toEqual([counted, 0, true]);
  response.destroy();
  await turn();
  expect(pending.bytes).toBe(0);
});

test("failed requests of one connection are refused two in a turn", async () => {
  const pending = new PendingBytes(1 << 20);
  const stream = { closed: false, session: {} };
  let refused = 0;
  for (let i = 0; i < 6; i++) {
    const request = Object.assign(new PassThrough(), { stream });
    const response = Object.assign(new PassThrough(), { stream }) as unknown as ServerResponse;
    const body = new RequestBody(request as unknown as ServerRequest, response, {
      pending,
      maxBytes: 1000,
      streams: false,
    });
    const pieces = (request as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    pieces.next().catch(() => refused++);
    body.giveUp();
  }
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) {
    await turn();
    await turn(); // what has begun is told in microtasks of its own
    counts.push(refused);
  }
  expect(counts.at(0)).toBeLessThanOrEqual(4);
  expect(counts.at(-1)).toBe(6);
});

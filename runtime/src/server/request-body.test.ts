import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ServerRequest, ServerResponse } from "./handler.ts";
import { PendingBytes } from "./pending-bytes.ts";
import { RequestBody } from "./request-body.ts";

test("a body that is given up is not gathered on, and what still comes is passed over", async () => {
  const pending = new PendingBytes(100_000);
  const request = new PassThrough();
  const response = new PassThrough() as unknown as ServerResponse;
  new RequestBody(request as unknown as ServerRequest, response, { pending, maxBytes: 4 << 20, streams: false });
  const pieces = (request as AsyncIterable<Buffer>)[Symbol.asyncIterator]();

  const first = pieces.next();
  request.write(Buffer.alloc(60_000));
  expect((await first).value).toHaveLength(60_000);
  expect(pending.bytes).toBe(60_000);
  const second = pieces.next();
  request.write(Buffer.alloc(60_000));
  await expect(second).rejects.toThrow("too much is under way");
  expect(pending.bytes).toBe(0);

  request.write(Buffer.alloc(50_000));
  await turn();
  expect([pending.bytes, request.readableLength, request.readableFlowing]).toEqual([0, 0, true]);
});

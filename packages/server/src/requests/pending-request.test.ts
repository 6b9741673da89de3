import { setImmediate as turn } from "node:timers/promises";
import { RequestFields } from "@protobff/runtime/internal/http2";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CarrierListener } from "../carrier/carrier.ts";
import type { OwnStream } from "../carrier/own-stream.ts";
import { AdapterRequests } from "./adapter-requests.ts";
import { PendingBytes, requestBytes } from "./pending-bytes.ts";
import type { ReceivedRequest } from "./pending-request.ts";

const MAX = 1000;

// None of them takes long then.
beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** Requests of one connection to Connect's adapter: `come` lists those that were passed on. */
function connection(pending = new PendingBytes(1 << 20)) {
  const come: ReceivedRequest[] = [];
  const gone: string[] = [];
  const requests = new AdapterRequests(() => {}, {
    pending,
    maxBytes: MAX,
    streamingPaths: new Set(["/both.Ways/Talk"]),
    gone: (path) => gone.push(path),
  });
  const session = {};
  const send = (path: string, more: Readonly<Record<string, string>> = {}, contentLength?: number) => {
    let hearer: CarrierListener | undefined;
    let continued = 0;
    const stream = {
      session,
      contentLength,
      over: false,
      listen: (listener: CarrierListener) => {
        hearer = listener;
      },
      continue: () => {
        continued++;
      },
    };
    const headers = Object.assign(new RequestFields(), { ":path": path, "content-type": "application/grpc-web+proto" });
    requests.receive(stream as unknown as OwnStream, Object.assign(headers, more), (request) => come.push(request));
    const data = (bytes: Uint8Array) => hearer?.data(Buffer.from(bytes));
    const close = () => {
      stream.over = true;
      hearer?.close();
    };
    return { data, end: () => hearer?.end(), close, continued: () => continued };
  };
  return { send: send, come, gone, requests, pending };
}
const frame = (length: number, ...bytes: number[]) => Buffer.from([0, 0, 0, length >> 8, length & 255, ...bytes]);

test("incomplete requests are not handled; complete requests are handled in turns, one in the first turn", async () => {
  const { send, come } = connection();
  const all = Array.from({ length: 5 }, () => send("/a.B/C"));
  for (const item of all) item.data(frame(2, 1));
  await turn();
  expect(come).toHaveLength(0);
  for (const item of all) {
    item.data(Buffer.from([2]));
    item.end();
  }
  expect(come).toHaveLength(0);
  const counts = [];
  for (let i = 0; i < 4; i++) {
    await turn();
    counts.push(come.length);
  }
  expect(counts).toEqual([1, 2, 3, 5]);
  expect(come.map(({ body, failure }) => [body?.equals(frame(2, 1, 2)), failure])).toEqual(
    Array(5).fill([true, undefined]),
  );
});

test("oversized and dropped bodies are handled in their turn, too", async () => {
  const large = connection();
  for (let i = 0; i < 5; i++) large.send("/a.B/C").data(frame(MAX + 1));
  expect(large.come).toHaveLength(0);
  await turn();
  expect(large.come).toHaveLength(1);

  const full = connection(new PendingBytes(1000));
  for (let i = 0; i < 15; i++) full.send("/a.B/C").data(Buffer.alloc(100));
  expect([full.come.length, full.pending.bytes]).toEqual([0, expect.any(Number)]);
  expect(full.pending.bytes).toBeLessThanOrEqual(1000);
  await turn();
  expect(full.come).toHaveLength(1);
  expect(full.come.map(({ body, failure }) => [body, failure?.message])).toEqual([
    [undefined, "[resource_exhausted] too much is under way"],
  ]);
});

test("a late body fails; a cancelled request is reported and no longer counted", async () => {
  const { send, come, gone, requests, pending } = connection();
  const item = send("/a.B/C");
  item.data(frame(2, 1));
  send("/a.B/D");
  item.close();
  expect([gone, pending.bytes]).toEqual([["/a.B/C"], requestBytes([])]); // of the other one
  requests.checkArrivals(1);
  requests.checkArrivals(1);
  await turn();
  expect(come.map(({ failure }) => failure?.message)).toEqual(["[deadline_exceeded] the request has not arrived"]);
});

test("bidirectional, declared oversized and unexpected requests are handled at once", () => {
  const { send, come } = connection();
  send("/both.Ways/Talk");
  send("/a.B/C", {}, MAX + 1);
  send("/a.B/C", { expect: "more" });
  expect(come).toHaveLength(3);
  expect(send("/a.B/C", { expect: "100-continue" }).continued()).toBe(1);
  expect(come).toHaveLength(3);
});

import { EventEmitter } from "node:events";
import type * as http2 from "node:http2";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BridgedStream } from "../carrier/bridged-stream.ts";
import type { OwnStream } from "../carrier/own-stream.ts";
import { AdapterRequests } from "./adapter-requests.ts";
import { PendingBytes } from "./pending-bytes.ts";

// After a turn that takes long others go by: here none does, however busy the machine is.
beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** Returns how many of ten GETs of one connection are served at once, and after each of three turns. */
async function served(hadTheirTurn: boolean): Promise<readonly number[]> {
  let count = 0;
  const requests = new AdapterRequests(() => count++, { maxBytes: 1000, pending: new PendingBytes(1 << 20) });
  const carrier = { ended: hadTheirTurn, listen() {}, connection: {} } as unknown as OwnStream;
  for (let i = 0; i < 10; i++) {
    const stream = new BridgedStream(carrier, "GET", undefined);
    const all = { stream, method: "GET", url: "/a.B/C", write() {} };
    requests.h2(
      Object.assign(new EventEmitter(), all) as unknown as http2.Http2ServerRequest,
      Object.assign(new EventEmitter(), all) as unknown as http2.Http2ServerResponse,
    );
  }
  const counts = [count];
  for (let i = 0; i < 3; i++) {
    await turn();
    counts.push(count);
  }
  return counts;
}

test("requests after their turn are served at once; other requests are served in turns, one in the first turn", async () => {
  expect(await served(true)).toEqual([10, 10, 10, 10]);
  expect(await served(false)).toEqual([0, 1, 2, 3]);
});

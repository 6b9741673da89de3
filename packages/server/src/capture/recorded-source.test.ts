import { setImmediate } from "node:timers/promises";
import type { OpenStream, StreamClient, StreamReceiver } from "@protobff/runtime/internal/transport/stream-client";
import { expect, onTestFinished, test } from "vitest";
import { captureTopics } from "./captured-topics.ts";
import { capturedOpen } from "./captured-upstream-stream.ts";
import { CborWriter } from "./cbor-writer.ts";
import { Recording } from "./recording.ts";
import { writeRequest } from "./written-request.ts";

const FRAME = new Uint8Array(5);

/** A stream with these items, which are delivered within `take`, and a request that has opened it. */
function opened(items: readonly number[]) {
  const of = new Recording(1 << 20, () => {});
  onTestFinished(() => of.end());
  const held = [...items];
  const open: StreamClient["open"] = (_path, _frame, _timeoutMs, _headers, receiver) => ({
    take(count) {
      for (const item of held.splice(0, count)) receiver.item(Uint8Array.of(item));
    },
    cancel() {},
  });
  const received: number[] = [];
  let stream: OpenStream | undefined;
  const receiver: StreamReceiver = {
    item([first = 0]) {
      received.push(first);
      if (received.length === 2) stream?.take(1);
    },
    ended() {},
    faulted() {},
  };
  of.begin(() => {
    stream = capturedOpen("a", open)("/a.A/Watch", FRAME, 1, undefined, receiver);
  });
  return { of, received, stream: stream as OpenStream | undefined };
}

test("items that are held arrive in the next turn, with those that are taken meanwhile", async () => {
  const { of, received, stream } = opened([1, 2, 3, 4]);
  stream?.take(2);
  expect(received).toEqual([]);
  await setImmediate();
  expect(received).toEqual([1, 2, 3]);
  expect(of.values.tape.map(([kind]) => kind)).toEqual(["open", "take", "received", "received", "take", "received"]);
});

test("a closed stream delivers none of the items that wait", async () => {
  const { of, received, stream } = opened([1, 2]);
  stream?.take(2);
  stream?.cancel();
  await setImmediate();
  expect([received, of.values.tape.map(([kind]) => kind)]).toEqual([[], ["open", "take", "close"]]);
});

test("items of streams and messages for the client are masked", async () => {
  const { of, stream } = opened([1]);
  stream?.take(1);
  await setImmediate();
  of.affects(["message", Uint8Array.of(2), null, 1]);
  const writer = new CborWriter(new Map());
  const masks = new Map([["/a.A/Watch", () => Uint8Array.of(0x99)]]);
  writeRequest(writer, new Map(), 1, {
    ...{ of, masks, output: () => Uint8Array.of(0x88), isMasked: true, incoming: new Headers() },
    ...{ method: "a.A/Get", at: 0, message: FRAME, endedAt: 0, outcome: {}, clientMs: undefined, resume: undefined },
  });
  const written = writer.written.toString("hex");
  expect(["4199", "4188", "4101", "4102"].map((bytes) => written.includes(bytes))).toEqual([true, true, false, false]);
});

test("items of topics are masked by their call, and withheld without one", () => {
  const masks = new Map([["/a.A/Watch", () => Uint8Array.of(9)]]);
  const tap = captureTopics(masks, () => true);
  const decode = tap.decoder(([first]) => ({ first }));
  const item = decode(Uint8Array.of(7));
  const encoded = (call?: string) => [
    ...tap.encoded({ name: "run", decode, call: call === undefined ? undefined : { method: call } }, item),
  ];
  expect([encoded("a.A/Watch"), encoded("a.A/Other"), encoded()]).toEqual([[9], [7], []]);
  expect([...captureTopics(masks, () => false).encoded({ name: "run", decode }, item)]).toEqual([7]);
});

import { Socket } from "node:net";
import { expect, test } from "vitest";
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { type Sending, SendQueue } from "./send-queue.ts";

test("the END_STREAM of a sent body leaves even if the peer has made its window negative", () => {
  const socket = new Socket();
  const written: Buffer[] = [];
  socket.write = (chunk: Uint8Array | string): boolean => written.push(Buffer.from(chunk as Uint8Array)) > 0;
  const writer = new FrameWriter(socket, () => {});
  const queue = new SendQueue<Sending>(writer);
  const bodySent = (): void => {};
  const item = { id: 1, sendWindow: queue.initialWindow, body: undefined, sent: 0, ends: false, bodySent };
  queue.send(item, Buffer.from("whole"));
  expect(queue.setInitialWindow(0, [item])).toBe(true);
  expect(item.sendWindow).toBeLessThan(0);
  queue.send(Object.assign(item, { ends: true }), Buffer.alloc(0));
  writer.flush();
  const frames: [flags: number, stream: number, payload: string][] = [];
  const reader = new FrameReader((_, flags, stream, data, from, to) =>
    frames.push([flags, stream, data.toString("latin1", from, to)]),
  );
  reader.read(Buffer.concat(written));
  expect(frames).toEqual([
    [0, 1, "whole"],
    [1, 1, ""],
  ]);
});

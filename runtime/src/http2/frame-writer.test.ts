import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { FrameWriter } from "./frame-writer.ts";
import { FrameType } from "./frames.ts";

/** A socket that confirms a write as late as one of TLS: when `next` is called. */
function slowSocket() {
  const written: number[] = [];
  let done = (): void => {};
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, callback) {
      for (let at = 0; at < chunk.length; at += 9 + chunk.readUIntBE(at, 3)) written.push(chunk[at + 3] ?? -1);
      done = callback;
    },
  }) as unknown as Socket;
  return { socket, written, next: () => done() };
}
const { PING, GOAWAY, SETTINGS } = FrameType;

describe("held frames", () => {
  test("held frames wait for their release; earlier frames leave as soon as the socket is writable", () => {
    const { socket, written, next } = slowSocket();
    const writer = new FrameWriter(socket, () => {});
    writer.frame(SETTINGS, 0, 0, Buffer.alloc(0));
    writer.flush();
    writer.frame(PING, 0, 0, Buffer.alloc(8)); // while the socket is busy
    writer.hold();
    writer.goaway(7, 0);
    writer.flush();
    expect(written).toEqual([SETTINGS]);
    next();
    expect(written).toEqual([SETTINGS, PING]);
    next();
    expect(written).toEqual([SETTINGS, PING]);
    expect(writer.waiting).toBe(17);
    writer.frame(SETTINGS, 0, 0, Buffer.alloc(0));
    writer.release();
    expect(written).toEqual([SETTINGS, PING, GOAWAY, SETTINGS]);
    next();
    expect(writer.waiting).toBe(0);
  });

  test("held frames count as waiting, so that senders of bodies pause", () => {
    const { socket } = slowSocket();
    const writer = new FrameWriter(socket, () => {});
    writer.hold();
    for (let i = 0; i < 20; i++) writer.frame(FrameType.DATA, 0, 1, Buffer.alloc(16_384));
    expect(writer.waiting).toBe(20 * (16_384 + 9));
    expect(writer.refused).toBe(0);
    writer.release();
    expect(writer.refused).toBe(writer.waiting);
  });
});

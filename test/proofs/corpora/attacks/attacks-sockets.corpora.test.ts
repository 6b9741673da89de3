// Floods of frames and messages over WebSockets, and frames that RFC 6455 forbids; a normal client beside them.
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { ATTACK_MS, type AttackOptions, attacked, described, expectUnharmed, type Target } from "./rig/rig.ts";

const LATEST = "/top.v1.TopService/Latest";
const OPTIONS: AttackOptions = { server: "top", normal: { path: LATEST, body: '{"key":"normal"}' }, heapMb: 256 };

/** Opcodes. */
const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
interface Frame {
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly isMasked?: boolean;
  /** Length that is announced. */
  readonly length?: number;
}
function frame(
  opcode: number,
  text: string | Buffer = "",
  { fin = true, rsv = 0, isMasked = true, length }: Frame = {},
) {
  const data = Buffer.from(text);
  const size = length ?? data.length;
  const bit = isMasked ? 0x80 : 0;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  if (size < 126) head.push(bit | size);
  else if (size < 65_536) head.push(bit | 126, size >> 8, size & 255);
  else head.push(bit | 127, 0, 0, 0, 0, (size >>> 24) & 255, (size >>> 16) & 255, (size >>> 8) & 255, size & 255);
  const key = randomBytes(4);
  return isMasked
    ? Buffer.concat([Buffer.from(head), key, data.map((byte, i) => byte ^ (key[i & 3] ?? 0))])
    : Buffer.concat([Buffer.from(head), data]);
}

/** Returns an open socket of the follow protocol. */
async function open({ port }: Target): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true }).on("error", () => {});
  const lines = [
    "GET /bff.v1/follow HTTP/1.1",
    `host: 127.0.0.1:${port}`,
    "connection: upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    `sec-websocket-key: ${randomBytes(16).toString("base64")}`,
    "sec-websocket-protocol: bff.v1.json",
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("data", (bytes: Buffer) => {
    const head = bytes.toString("latin1");
    if (head.startsWith("HTTP/1.1 101")) resolve();
    else reject(new Error(head.split("\r\n")[0]));
  });
  socket.once("close", () => reject(new Error("closed")));
  await promise;
  return socket;
}
/** A frame that closes with 1008 or 1009. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: bytes of a frame
const REFUSED = /\x88[\x02-\x7d]\x03[\xf0\xf1]/;
const follow = (id: number, rpc: string): Buffer =>
  frame(TEXT, JSON.stringify({ id, follow: rpc, request: { key: `k${id}` } }));

/** Sends frames until the server closes the socket or the time is over. Returns whether it was closed. */
async function flood(target: Target, frames: (i: number) => Buffer, isRead = true): Promise<boolean> {
  const socket = await open(target);
  let isRefused = false;
  if (isRead)
    socket.on("data", (bytes: Buffer) => {
      isRefused ||= REFUSED.test(bytes.toString("latin1"));
    });
  const isClosed = (): boolean => isRefused || socket.destroyed || socket.readableEnded;
  const until = performance.now() + ATTACK_MS / 4;
  for (let i = 0; performance.now() < until && !isClosed(); i += 200) {
    socket.write(Buffer.concat(Array.from({ length: 200 }, (_, j) => frames(i + j))));
    await (socket.writableLength > 4e6 ? pause(20) : new Promise((done) => setImmediate(done)));
  }
  await pause(100);
  const closed = isClosed();
  socket.destroy();
  return closed;
}
const EMPTY_FRAGMENT = frame(CONTINUATION, "", { fin: false });
const BEGUN = frame(TEXT, "x", { fin: false });
/** Floods, each with whether the server ended the socket. */
const FLOODS: Readonly<Record<string, (target: Target) => Promise<boolean>>> = {
  pings: (target) => flood(target, () => frame(PING, "x")),
  "pings whose answers are not read": (target) => flood(target, () => frame(PING, "x".repeat(100)), false),
  pongs: (target) => flood(target, () => frame(PONG)),
  "empty fragments": (target) => flood(target, (i) => (i === 0 ? BEGUN : EMPTY_FRAGMENT)),
  "fragments of a byte": (target) => flood(target, (i) => (i === 0 ? BEGUN : frame(CONTINUATION, "a", { fin: false }))),
  "follows of unknown rpcs": (target) => flood(target, (i) => follow(i, "top.v1.TopService/None")),
  "follows and cancels": (target) =>
    flood(target, (i) =>
      Buffer.concat([follow(i, "top.v1.TopService/Follow"), frame(TEXT, JSON.stringify({ id: i, cancel: true }))]),
    ),
};

/** Floods that do not end the socket: nothing is kept for them, and unread answers stop the server's reading. */
const UNENDED = ["pings whose answers are not read", "pongs"];

/** Frames that end the socket at once. */
const FORBIDDEN: Readonly<Record<string, Buffer>> = {
  "without a mask": frame(TEXT, "{}", { isMasked: false }),
  "a long ping": frame(PING, Buffer.alloc(200)),
  "a fragmented ping": frame(PING, "x", { fin: false }),
  "a reserved bit": frame(TEXT, "{}", { rsv: 1 }),
  "a compressed frame": frame(TEXT, "{}", { rsv: 4 }),
  "opcode 3": frame(3, "x"),
  binary: frame(BINARY, "{}"),
  "not UTF-8": frame(TEXT, Buffer.from([0xff])),
  "a continuation of nothing": frame(CONTINUATION, "x"),
  "2 GiB announced": frame(TEXT, "x", { length: 0x7fffffff }),
  "2 MiB": frame(TEXT, Buffer.alloc(2 << 20, 0x20)),
  "a close of a byte": frame(CLOSE, Buffer.from([3])),
  "a close with 999": frame(CLOSE, Buffer.from([3, 0xe7])),
  "not JSON": frame(TEXT, "{"),
  "a deep list": frame(TEXT, "[".repeat(50_000)),
  "no id": frame(TEXT, "{}"),
  "an object as id": frame(TEXT, '{"id":{},"follow":"top.v1.TopService/Follow"}'),
};
async function endedBy(target: Target, bytes: Buffer): Promise<boolean> {
  const socket = await open(target);
  const closed = new Promise<boolean>((done) => socket.once("end", () => done(true)).once("close", () => done(true)));
  socket.resume().write(bytes);
  const ended = await Promise.race([closed, pause(5_000, false)]);
  socket.destroy();
  return ended;
}

test("floods and forbidden frames of WebSockets leave other clients served", { timeout: 120_000 }, async () => {
  const outcome = await attacked(async (target) => {
    const open: string[] = [];
    for (const [name, bytes] of Object.entries(FORBIDDEN)) if (!(await endedBy(target, bytes))) open.push(name);
    const floods: Record<string, boolean> = {};
    for (const [name, run] of Object.entries(FLOODS)) floods[name] = await run(target);
    return { open, floods };
  }, OPTIONS);
  console.log(described("WebSockets", outcome));
  expectUnharmed(outcome);
  expect(outcome.result.open).toEqual([]);
  expect(Object.keys(FLOODS).filter((name) => outcome.result.floods[name] !== true)).toEqual(UNENDED);
});

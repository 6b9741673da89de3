// An upstream that plays one fault, over real sockets: node:http2 where it can misbehave so, frames by hand where it cannot.
import { once } from "node:events";
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type Play, STATUS_TEXT } from "./faults.ts";

export interface FaultyUpstream {
  readonly url: string;
  /** Streams that stand open, of all connections. */
  readonly open: number;
  /** Resolves when no stream is open. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** The message that a good upstream gives for a request. */
export type Answer = (path: string, request: Uint8Array) => Uint8Array;

const GRPC = { ":status": 200, "content-type": "application/grpc+proto" };
/** A field of a wire type that does not exist. */
const GARBAGE = Uint8Array.of(0x0f, 0xff, 0xff);
const OVERSIZE = (16 << 20) + 1;
/** Well within the shortest timeout of all BFFs, 60 ms. */
const SLOW_MS = 15;
const TRICKLE_MS = 5;
const NGHTTP2_INTERNAL_ERROR = 2;
const NGHTTP2_REFUSED_STREAM = 7;
const NGHTTP2_CANCEL = 8;

/** Nothing listens there. */
export const NOBODY = "http://127.0.0.1:1";

/** Every request meets `play`; with "GOAWAY before" those of the first connection, all others are answered. */
export async function startFaulty(play: Play, answer: Answer): Promise<FaultyUpstream> {
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  let open = 0;
  let connections = 0;

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    const number = connections++;
    // node's own `close` would end the body first
    if (play === "reset in body") byHand(socket, (stream) => socket.write(bodyReset(stream, NGHTTP2_INTERNAL_ERROR)));
    else if (play === "cancel in body") byHand(socket, (stream) => socket.write(bodyReset(stream, NGHTTP2_CANCEL)));
    else if (play === "cut in headers") byHand(socket, (stream) => socket.end(headersCut(stream)));
    else if (play === "GOAWAY before" && number === 0) byHand(socket, () => socket.end(goaway(0)));
    else serve(socket);
  });
  const serve = (socket: Socket) => {
    // Callers that give up reset their streams, under load many in a burst: no reason to close the connection.
    const session = performServerHandshake(socket, { streamResetBurst: 1_000_000, streamResetRate: 1_000_000 });
    session.on("error", () => {});
    session.on("stream", (stream, headers) => {
      open++;
      stream.on("error", () => {});
      stream.on("close", () => {
        if (--open === 0) for (const wake of waiting) wake();
      });
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const request = Buffer.concat(chunks).subarray(5);
        const reply = frame(answer(String(headers[":path"]), request));
        perform(play, { socket, session, stream, reply });
      });
    });
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get open() {
      return open;
    },
    async idle() {
      if (open > 0) await new Promise<void>((resolve) => waiting.add(resolve));
      waiting.clear();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

interface FaultyExchange {
  readonly socket: Socket;
  readonly session: ServerHttp2Session;
  readonly stream: ServerHttp2Stream;
  /** The good answer, framed. */
  readonly reply: Buffer;
}

/** A table of what may be played. */
function perform(play: Play, exchange: FaultyExchange): void {
  const { socket, session, stream, reply } = exchange;
  if (stream.destroyed) return;
  if (typeof play === "object") {
    fail(stream, play, reply);
    return;
  }
  const half = reply.subarray(0, Math.max(3, reply.length >> 1));
  switch (play) {
    case "answer":
    case "GOAWAY before":
      good(stream, reply);
      break;
    case "cut in body":
      stream.respond(GRPC);
      stream.write(half, () => socket.destroy());
      break;
    case "refuse stream":
      stream.close(NGHTTP2_REFUSED_STREAM);
      break;
    case "hang":
      break;
    case "hang in body":
      stream.respond(GRPC);
      stream.write(half);
      break;
    case "trickle":
      trickle(stream, reply);
      break;
    case "trickle for ever":
      stream.respond(GRPC);
      stream.write(head(1 << 20));
      every(stream, TRICKLE_MS, () => stream.write(Buffer.of(0)));
      break;
    case "not gRPC":
      stream.respond({ ":status": 200, "content-type": "text/html" });
      stream.end("<html></html>");
      break;
    case "HTTP 503":
      stream.respond({ ":status": 503, "content-type": "text/html" });
      stream.end("<html></html>");
      break;
    case "HTTP 404":
      stream.respond({ ":status": 404 }, { endStream: true });
      break;
    case "garbage":
      good(stream, frame(GARBAGE));
      break;
    case "truncated frame":
      good(stream, Buffer.concat([head(reply.length), reply.subarray(5)]));
      break;
    case "two messages":
      good(stream, Buffer.concat([reply, reply]));
      break;
    case "compressed":
      good(stream, Buffer.concat([Buffer.of(1), reply.subarray(1)]));
      break;
    case "oversize":
      good(stream, Buffer.concat([head(OVERSIZE), Buffer.alloc(64)]));
      break;
    case "no trailers":
      stream.respond(GRPC);
      stream.end(reply);
      break;
    case "no status":
      stream.respond(GRPC, { endStream: true });
      break;
    case "GOAWAY, processed":
      session.goaway(0, stream.id);
      good(stream, reply);
      break;
    case "GOAWAY, lost":
      stream.respond(GRPC);
      stream.write(half, () => {
        session.goaway(0, stream.id);
        // once it is on its way
        session.ping(() => socket.destroy());
      });
      break;
    case "slow":
      after(stream, SLOW_MS, () => good(stream, reply));
      break;
    default:
      throw new Error(`${play} is not played on a stream`);
  }
}

function good(stream: ServerHttp2Stream, body: Buffer): void {
  stream.respond(GRPC, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(body);
}

function fail(stream: ServerHttp2Stream, play: Exclude<Play, string>, reply: Buffer): void {
  const trailers = {
    "grpc-status": String(play.status),
    "grpc-message": encodeURIComponent(STATUS_TEXT),
    ...(play.pushbackMs !== undefined && { "grpc-retry-pushback-ms": String(play.pushbackMs) }),
  };
  if (play.afterMessage !== true) {
    stream.respond({ ...GRPC, ...trailers }, { endStream: true });
    return;
  }
  stream.respond(GRPC, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end(reply);
}

/** Writes the first bytes one by one, the rest in a few pieces, each in a separate frame and turn. */
function trickle(stream: ServerHttp2Stream, reply: Buffer): void {
  stream.respond(GRPC, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  const piece = Math.max(1, Math.ceil(reply.length / 6));
  let at = 0;
  const next = () => {
    if (stream.destroyed) return;
    if (at >= reply.length) {
      stream.end();
      return;
    }
    const end = at < 8 ? at + 1 : at + piece;
    stream.write(reply.subarray(at, end), () => setImmediate(next));
    at = end;
  };
  next();
}

function after(stream: ServerHttp2Stream, ms: number, then: () => void): void {
  const timer = setTimeout(() => {
    if (!stream.destroyed) then();
  }, ms);
  stream.on("close", () => clearTimeout(timer));
}
function every(stream: ServerHttp2Stream, ms: number, then: () => void): void {
  const timer = setInterval(then, ms);
  stream.on("close", () => clearInterval(timer));
}

function head(length: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  return prefix;
}
function frame(message: Uint8Array): Buffer {
  return Buffer.concat([head(message.length), message]);
}

// ---- HTTP/2 by hand ----

const PREFACE_BYTES = 24;
const FRAME_HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const END_HEADERS = 4;

/** Calls `opened` for every stream that is opened. */
function byHand(socket: Socket, opened: (stream: number) => void): void {
  socket.write(frameOf(SETTINGS, 0, Buffer.alloc(0)));
  let read = Buffer.alloc(0);
  let at = PREFACE_BYTES;
  socket.on("data", (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    while (read.length >= at + FRAME_HEAD_BYTES) {
      if (read[at + 3] === HEADERS) opened(read.readUInt32BE(at + 5));
      at += FRAME_HEAD_BYTES + read.readUIntBE(at, 3);
    }
  });
}
/** HEADERS that is not the end of the headers: `:status: 200`, and then nothing. */
function headersCut(stream: number): Buffer {
  return frameOf(HEADERS, stream, Buffer.of(0x88));
}
/** Good headers, the head of a message, and no more. */
function bodyReset(stream: number, code: number): Buffer {
  const type = Buffer.from(GRPC["content-type"]);
  const headers = Buffer.concat([Buffer.of(0x88, 0x5f, type.length), type]); // HPACK: `:status: 200`, then a literal
  const reset = Buffer.alloc(4);
  reset.writeUInt32BE(code);
  return Buffer.concat([
    frameOf(HEADERS, stream, headers, END_HEADERS),
    frameOf(DATA, stream, head(100)),
    frameOf(RST_STREAM, stream, reset),
  ]);
}
function goaway(lastStream: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStream);
  return frameOf(GOAWAY, 0, payload);
}
function frameOf(type: number, stream: number, payload: Buffer, flags = 0): Buffer {
  const top = Buffer.alloc(FRAME_HEAD_BYTES);
  top.writeUIntBE(payload.length, 0, 3);
  top[3] = type;
  top[4] = flags;
  top.writeUInt32BE(stream, 5);
  return Buffer.concat([top, payload]);
}

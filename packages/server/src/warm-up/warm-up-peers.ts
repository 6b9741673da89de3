// Whom a server warms up between: upstreams, and a client, that say the same bytes again and again, at little cost. They say them as others do, in
// Huffman's code and with a dynamic table as long as there is one: what only others say would else be compiled behind the first real requests.
import { once } from "node:events";
import * as net from "node:net";
import { DynamicTable } from "@protobff/http2/dynamic-table";
import { FrameReader } from "@protobff/http2/frame-reader";
import { Flag, FrameType, WINDOW_BYTES, WINDOW_MAX } from "@protobff/http2/frames";
import { MAGIC, preface, serverPreface } from "@protobff/http2/preface";
import { RequestBlocks } from "@protobff/http2/request-block";
import {
  encodeFields,
  type Fields,
  FORMS,
  type Form,
  frameOf,
  GOODBYE,
  NO_TABLE,
  ofStream,
  PASSED_OVER,
  SETTLED,
  wideWindow,
} from "./warm-up-bytes.ts";

const HEADER_BYTES = 16 << 10;
const MAX_STREAMS = 1_000;
const CONNECTIONS = 2;

/** One end of a connection. */
abstract class Peer {
  protected readonly socket: net.Socket;
  readonly #reader = new FrameReader((type, flags, id, data, from, to) => {
    const acknowledged = (flags & Flag.ACK) !== 0;
    if (id > 0) this.frame(type, flags, id, data.subarray(from, to));
    else if (type === FrameType.SETTINGS) this.settings(acknowledged);
    else if (type === FrameType.WINDOW_UPDATE) this.allowed(data.readUInt32BE(from));
    else if (type === FrameType.PING && !acknowledged)
      this.socket.write(frameOf(FrameType.PING, Flag.ACK, data.subarray(from, to)));
  });

  constructor(socket: net.Socket) {
    this.socket = socket.setNoDelay(true).on("error", () => {}); // closes it, too
    socket.on("data", (chunk) => this.read(chunk));
  }
  /** What is said because of one chunk leaves at once. Who makes no sense, or asks for too much, is somebody else: the port is open to this machine. */
  protected read(chunk: Buffer): void {
    this.socket.cork();
    try {
      this.#reader.read(chunk);
    } catch {
      this.#reader.stop();
      this.socket.destroy();
    }
    this.socket.uncork();
  }
  protected settings(acknowledged: boolean): void {
    if (!acknowledged) this.socket.write(SETTLED);
  }
  protected allowed(_bytes: number): void {}
  protected abstract frame(type: number, flags: number, id: number, payload: Buffer): void;
}

const isEnd = (type: number, flags: number): boolean =>
  type === FrameType.RST_STREAM ||
  ((type === FrameType.HEADERS || type === FrameType.DATA) && (flags & Flag.END_STREAM) !== 0);

/** A connection whose requests are answered. */
class Answerer extends Peer {
  readonly #answers: Answers;
  readonly #blocks = new RequestBlocks(new Map(), { bytes: HEADER_BYTES, count: HEADER_BYTES }, new DynamicTable());
  /** Of requests that have begun, in places of their own. No Map: of the tables that V8 leaves behind one keeps the next from young collections. */
  readonly #paths: (string | undefined)[] = Array.from({ length: MAX_STREAMS }, () => undefined);
  readonly #waiting: Buffer[] = [];
  #window = WINDOW_BYTES;
  #magic = 0; // bytes of it that have come
  #first = true;

  constructor(socket: net.Socket, answers: Answers) {
    super(socket);
    this.#answers = answers;
    socket.write(Buffer.concat([serverPreface(MAX_STREAMS, HEADER_BYTES), wideWindow(), PASSED_OVER]));
  }
  protected override read(chunk: Buffer): void {
    const skipped = Math.min(MAGIC.length - this.#magic, chunk.length);
    this.#magic += skipped;
    super.read(chunk.subarray(skipped));
  }
  protected override settings(acknowledged: boolean): void {
    if (acknowledged) this.#blocks.settled();
    super.settings(acknowledged);
  }
  protected override allowed(bytes: number): void {
    this.#window += bytes;
    for (let next = this.#waiting[0]; next !== undefined && this.#window > next.length; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#write(next);
    }
  }
  protected frame(type: number, flags: number, id: number, payload: Buffer): void {
    const place = (id >>> 1) % MAX_STREAMS;
    if (type === FrameType.HEADERS) {
      const padded = (flags & Flag.PADDED) !== 0;
      const from = (padded ? 1 : 0) + ((flags & Flag.PRIORITY) !== 0 ? 5 : 0);
      const to = payload.length - (padded ? (payload[0] ?? 0) : 0);
      if (this.#paths[place] !== undefined || this.#waiting.length >= MAX_STREAMS)
        throw new RangeError("too many requests");
      this.#paths[place] = String(this.#blocks.request(payload, from, to).headers[":path"]);
    }
    if (!isEnd(type, flags)) return;
    const path = this.#paths[place];
    this.#paths[place] = undefined;
    if (path === undefined || type === FrameType.RST_STREAM) return;
    const answer = ofStream(this.#answers.to(path, this.#first), id);
    this.#first = false;
    if (this.#waiting.length === 0 && this.#window > answer.length) this.#write(answer);
    else this.#waiting.push(answer);
  }
  /** More is counted than it takes: headers are free. */
  #write(answer: Buffer): void {
    this.#window -= answer.length;
    this.socket.write(answer);
  }
}

/** What is answered, in one form and another in turn. */
class Answers {
  readonly #messagesOf: (path: string) => readonly Buffer[];
  readonly #frames = new Map<string, readonly Buffer[]>();
  #given = 0;

  constructor(messagesOf: (path: string) => readonly Buffer[]) {
    this.#messagesOf = messagesOf;
  }
  /** @param first of its connection: where others say that they have no dynamic table */
  to(path: string, first: boolean): Buffer {
    if (first) return framesOf(this.#messagesOf(path)[0], FORMS[0], NO_TABLE);
    let all = this.#frames.get(path);
    if (all === undefined) {
      const messages = this.#messagesOf(path);
      all = (messages.length > 0 ? messages : [undefined]).flatMap((one) => FORMS.map((form) => framesOf(one, form)));
      this.#frames.set(path, all);
    }
    return all[this.#given++ % all.length] ?? NOTHING;
  }
}
const NOTHING = Buffer.alloc(0);
const STATUS = [":status", "200"] as const;
const HEADS: readonly Fields[] = [
  [STATUS, ["content-type", "application/grpc"]],
  [STATUS, ["content-type", "application/grpc+proto"], ["date", "Sat, 21 Nov 2026 12:00:00 GMT"]],
];
const OK: Fields = [["grpc-status", "0"]];
const UNIMPLEMENTED: Fields = [STATUS, ["content-type", "application/grpc"], ["grpc-status", "12"]];
const { END_HEADERS, END_STREAM } = Flag;

function framesOf(message: Buffer | undefined, form: Form, before = NOTHING): Buffer {
  const { HEADERS, DATA } = FrameType;
  const last = END_HEADERS | END_STREAM;
  const block = (fields: Fields) => Buffer.concat([before, encodeFields(fields, form)]);
  if (message === undefined) return frameOf(HEADERS, last, block(UNIMPLEMENTED));
  const head = HEADS[FORMS.indexOf(form) % HEADS.length] ?? OK;
  return Buffer.concat([
    frameOf(HEADERS, END_HEADERS, block(head)),
    frameOf(DATA, 0, message),
    frameOf(HEADERS, last, encodeFields(OK, form)),
  ]);
}

/** Upstreams that answer at once. */
export interface StandIn {
  readonly url: string;
  close(): void;
}

/**
 * Listens on a free port of 127.0.0.1.
 *
 * @param messagesOf gives what is answered in turn to whom asks for a path, framed as gRPC does, each in one frame of HTTP/2; none: UNIMPLEMENTED is
 */
export async function standIn(messagesOf: (path: string) => readonly Buffer[]): Promise<StandIn> {
  const answers = new Answers(messagesOf);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.once("close", () => sockets.delete(socket)));
    new Answerer(socket, answers);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A request as it is sent again and again. */
export interface Asked {
  readonly path: string;
  /** Framed as gRPC does, in one frame of HTTP/2. */
  readonly message: Buffer;
}

/** A header, and the same once more from the dynamic table, which there is until the other end has said that there is none. */
const FROM_TABLE = Buffer.concat([encodeFields([["x-trace", "0"]], FORMS[0]), Buffer.of(0x80 | 62)]);

/** A connection that asks again and again. */
class Asker extends Peer {
  readonly #requests: Requests;
  /** Each of its requests has one of its own, as somewhere most have. On the same connection as others they would be remembered, and thrown away. */
  readonly #ids: boolean;
  #id = 1;
  /** They have said that there is no dynamic table: that one knows it is said in front of the next block (RFC 7541, 6.3). */
  #untold = false;

  constructor(port: number, requests: Requests, ids: boolean) {
    super(net.connect(port, "127.0.0.1"));
    this.#requests = requests;
    this.#ids = ids;
    this.socket.write(Buffer.concat([preface(WINDOW_MAX), wideWindow(), PASSED_OVER]));
  }
  protected override settings(acknowledged: boolean): void {
    super.settings(acknowledged);
    this.#untold ||= !acknowledged;
  }
  ask(): void {
    const request = this.#requests.next(this.#ids);
    if (request === undefined) return;
    const first = this.#id === 1 ? FROM_TABLE : NOTHING;
    const block = Buffer.concat([this.#untold ? NO_TABLE : NOTHING, request.block, first]);
    this.#untold = false;
    const head = frameOf(FrameType.HEADERS, END_HEADERS, block);
    const frames = Buffer.concat([head, frameOf(FrameType.DATA, END_STREAM, request.message)]);
    this.socket.write(ofStream(frames, this.#id));
    this.#id += 2;
  }
  protected frame(type: number, flags: number): void {
    if (!isEnd(type, flags)) return;
    this.#requests.answered();
    this.ask();
  }
  close(): void {
    this.socket.write(GOODBYE);
    this.socket.destroySoon();
  }
  onClose(then: () => void): void {
    this.socket.once("close", then);
  }
}

/** Whose turn it is. */
interface Requests {
  /**
   * @param id with one that none has had before
   * @returns undefined: it is enough
   */
  next(id: boolean): { readonly block: Buffer; readonly message: Buffer } | undefined;
  answered(): void;
}

/**
 * Asks for all of them in turn, on two connections, so many times in all.
 *
 * @param atOnce under way at a time
 * @param until as `performance.now()` says it; what is under way then is cut off
 * @returns how many answers there were, whatever they said
 */
export async function ask(
  port: number,
  asked: readonly Asked[],
  { most, atOnce, until }: { readonly most: number; readonly atOnce: number; readonly until: number },
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  let answered = 0;
  const forms = asked.map(({ path, message }) => ({ blocks: blocksOf(path, message), message }));
  const requests: Requests = {
    next(id) {
      const one = forms[sent % forms.length];
      if (sent === most || one === undefined || performance.now() > until) return undefined;
      const { blocks, message } = one;
      const block = blocks[Math.floor(sent / forms.length) % blocks.length] ?? NOTHING;
      sent++;
      return { block: id ? unlike(block, sent) : block, message };
    },
    answered() {
      if (++answered === most) resolve();
    },
  };
  const askers = Array.from({ length: CONNECTIONS }, (_, i) => new Asker(port, requests, i === 0));
  let open = askers.length;
  for (const asker of askers) asker.onClose(() => --open === 0 && resolve());
  const over = setTimeout(resolve, Math.max(0, until - performance.now()));
  for (let i = 0; i < atOnce; i++) askers[i % askers.length]?.ask();
  await promise;
  clearTimeout(over);
  for (const asker of askers) asker.close();
  return answered;
}

/**
 * In all forms, with the headers in as many orders as V8 takes for too many to tell apart: objects with properties in different orders are
 * different to it, every kind of client has an order of its own, and code that knew one alone would be compiled anew for the next.
 */
function blocksOf(path: string, message: Buffer): Buffer[] {
  const begin: Fields = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost:8080"],
  ];
  const rest: Fields = [
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["grpc-timeout", "10S"],
    ["user-agent", "grpc-warm-up/1"],
    ["authorization", `Bearer ${"warm".repeat(16)}`],
    ["x-request-id", "0".repeat(32)],
  ];
  /** What some say besides, and some say at length. */
  const more: Fields = [
    ...rest.filter(([name]) => name !== "authorization"),
    ["authorization", `Bearer ${"warm".repeat(64)}`],
    ["content-length", String(message.length)],
  ];
  return rest.map((_, i) => {
    const said = i === 0 ? rest : more;
    return encodeFields([...begin, ...said.slice(i), ...said.slice(0, i)], FORMS[i % FORMS.length] ?? FORMS[0]);
  });
}

/** A block with a header more that none has had before. */
const unlike = (block: Buffer, number: number): Buffer =>
  Buffer.concat([block, encodeFields([["x-trace", number.toString(16).padStart(32, "0")]], FORMS[1])]);

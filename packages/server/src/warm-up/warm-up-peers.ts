// Peers of a server that warms up: upstreams and a client that send the same bytes repeatedly, at little cost. Their
// bytes have the forms of other implementations: Huffman codes, and a dynamic table while there is one. Otherwise V8
// would compile the code for these forms behind the first real requests.
import { once } from "node:events";
import * as net from "node:net";
import {
  DynamicTable,
  Flag,
  FrameReader,
  FrameType,
  MAGIC,
  preface,
  RequestBlocks,
  serverPreface,
  WINDOW_BYTES,
  WINDOW_MAX,
} from "@protobff/runtime/internal/http2";
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
  /**
   * Sends all answers to one chunk at once. A malformed or excessive request comes from another process, because the
   * port is open to this machine, and closes the connection.
   */
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
  /**
   * Paths of open requests, by slot. Not a Map: one of the tables that V8 leaves behind keeps the next table from young
   * collections.
   */
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

/** Answers to each path, which alternate between forms. */
class Answers {
  readonly #messagesOf: (path: string) => readonly Buffer[];
  readonly #frames = new Map<string, readonly Buffer[]>();
  #sentCount = 0;

  constructor(messagesOf: (path: string) => readonly Buffer[]) {
    this.#messagesOf = messagesOf;
  }
  /**
   * @param first the first answer of its connection, at which other implementations announce that they have no dynamic
   * table
   */
  to(path: string, first: boolean): Buffer {
    if (first) return framesOf(this.#messagesOf(path)[0], FORMS[0], NO_TABLE);
    let all = this.#frames.get(path);
    if (all === undefined) {
      const messages = this.#messagesOf(path);
      all = (messages.length > 0 ? messages : [undefined]).flatMap((message) =>
        FORMS.map((form) => framesOf(message, form)),
      );
      this.#frames.set(path, all);
    }
    return all[this.#sentCount++ % all.length] ?? NOTHING;
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
interface StandIn {
  readonly url: string;
  close(): void;
}

/**
 * Listens on a free port of 127.0.0.1.
 *
 * @param messagesOf returns the answers to a path, sent in turn, in gRPC framing and each in one HTTP/2 frame; without
 * any, the answer is UNIMPLEMENTED
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
export interface WarmUpRequest {
  readonly path: string;
  /** Message in gRPC framing, in one HTTP/2 frame. */
  readonly message: Buffer;
}

/** A header, and its repetition from the dynamic table, which exists until the other end disables it. */
const FROM_TABLE = Buffer.concat([encodeFields([["x-trace", "0"]], FORMS[0]), Buffer.of(0x80 | 62)]);

/** A connection that sends requests repeatedly. */
class Asker extends Peer {
  readonly #requests: Requests;
  /**
   * True if each request has an `x-trace` with a new value, as most clients send. On a connection with other requests,
   * the server would memorize these values and discard them.
   */
  readonly #ids: boolean;
  #id = 1;
  /** The server has disabled the dynamic table. The next block must begin with an acknowledgement (RFC 7541, 6.3). */
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
  send(): void {
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
    this.send();
  }
  close(): void {
    this.socket.write(GOODBYE);
    this.socket.destroySoon();
  }
  onClose(then: () => void): void {
    this.socket.once("close", then);
  }
}

/** Source of the next request. */
interface Requests {
  /**
   * @param id whether the block gets a header with a new value
   * @returns undefined after the last request
   */
  next(id: boolean): { readonly block: Buffer; readonly message: Buffer } | undefined;
  answered(): void;
}

/**
 * Sends `most` requests, each of `asked` in turn, on two connections.
 *
 * @param atOnce number of concurrent requests
 * @param until time of `performance.now()` at which open requests are cut off
 * @returns the number of answers, of any status
 */
export async function sendRequests(
  port: number,
  kinds: readonly WarmUpRequest[],
  { most, atOnce, until }: { readonly most: number; readonly atOnce: number; readonly until: number },
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  let answered = 0;
  const forms = kinds.map(({ path, message }) => ({ blocks: blocksOf(path, message), message }));
  const requests: Requests = {
    next(id) {
      const form = forms[sent % forms.length];
      if (sent === most || form === undefined || performance.now() > until) return undefined;
      const { blocks, message } = form;
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
  for (let i = 0; i < atOnce; i++) askers[i % askers.length]?.send();
  await promise;
  clearTimeout(over);
  for (const asker of askers) asker.close();
  return answered;
}

/**
 * Returns header blocks in all forms. The order of headers varies often enough that V8 stops distinguishing orders. V8
 * gives objects with properties in different orders different shapes, and each kind of client has its order. Code
 * compiled for one order would be compiled again for the next.
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
  /** Further headers of some clients, some of them long. */
  const more: Fields = [
    ...rest.filter(([name]) => name !== "authorization"),
    ["authorization", `Bearer ${"warm".repeat(64)}`],
    ["content-length", String(message.length)],
  ];
  return rest.map((_, i) => {
    const fields = i === 0 ? rest : more;
    return encodeFields([...begin, ...fields.slice(i), ...fields.slice(0, i)], FORMS[i % FORMS.length] ?? FORMS[0]);
  });
}

/** Returns a block with another header, whose value is new. */
const unlike = (block: Buffer, number: number): Buffer =>
  Buffer.concat([block, encodeFields([["x-trace", number.toString(16).padStart(32, "0")]], FORMS[1])]);

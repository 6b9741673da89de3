import type * as http from "node:http";
import type { Socket } from "node:net";
import { type Transitions, transition } from "@protobff/runtime/internal/states";
import { type ConnectionBounds, ConnectionBytes, type ConnectionHold } from "../requests/connection-bytes.ts";
import { type Reading, readsUntil, waits, wasRead } from "../turns/connection-reads.ts";

/** Bytes that node's parser receives at once: some 340 chunks of one byte, or 50 requests. */
const SLICE_BYTES = 2 << 10;
/** Shorter pieces of a body count against the client; a longer one makes up for one piece per this many bytes. */
const SMALL_BYTES = 64;
/** Maximum balance of small pieces in one request. */
const MAX_SMALL_PIECES = 10_000;
const HEAD_END = "\r\n\r\n";

// By an import, Node would read all exports of the module. One of them loads undici, 13 MB.
const { IncomingMessage } = process.getBuiltinModule("node:http");

/** A request of HTTP/1.1 whose connection is closed when its body comes in too many small pieces. */
export class Http1Request extends IncomingMessage {
  #small = 0;
  /** True if later requests on the connection are not read. */
  isLast = false;

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const length = chunk?.length ?? SMALL_BYTES;
    if (length >= SMALL_BYTES) this.#small = Math.max(0, this.#small - Math.floor(length / SMALL_BYTES));
    else if (++this.#small > MAX_SMALL_PIECES) {
      readingOf(this)?.calm(`a request came in more than ${MAX_SMALL_PIECES} pieces below ${SMALL_BYTES} bytes`);
      return false;
    }
    if (chunk === null && this.isLast) readingOf(this)?.stop();
    return super.push(chunk, encoding);
  }
}

/** HTTP/1.1 connections of one server, and their bytes that wait for node's parser. */
export class Http1Readings {
  readonly #server: http.Server;
  readonly #all = new Set<Http1Reading>();
  readonly #held: ConnectionBytes;
  readonly #maxRequests: number;
  readonly #calmed: (why: string) => void;

  /** @param calmed called for each connection that is closed for what its client does */
  constructor(server: http.Server, maxRequests: number, calmed: (why: string) => void, bounds?: ConnectionBounds) {
    this.#server = server;
    this.#maxRequests = maxRequests;
    this.#held = new ConnectionBytes(this.#all, bounds);
    this.#calmed = calmed;
  }
  get size(): number {
    return this.#all.size;
  }
  /** Serves the connection. */
  begin(socket: Socket): void {
    const before = new Set([...socket.listeners("data"), ...socket.listeners("end")]);
    this.#server.emit("connection", socket);
    // A listener for the data makes node hand the bytes to JavaScript, in place of its parser below the socket.
    socket.on("data", ignore).off("data", ignore);
    const added = <T>(event: string) => socket.listeners(event).find((listener) => !before.has(listener)) as T;
    const parser = { data: added<Parser["data"]>("data"), end: added<Parser["end"]>("end") };
    const reading = new Http1Reading(socket, parser, {
      held: this.#held,
      maxRequests: this.#maxRequests,
      calmed: this.#calmed,
    });
    this.#all.add(reading);
    READINGS.set(socket, reading);
    socket.once("close", () => {
      this.#all.delete(reading);
      reading.stop();
    });
  }
}

/** The listeners by which node parses what a socket receives. */
interface Parser {
  readonly data: (chunk: Buffer) => void;
  readonly end: () => void;
}
const READINGS = new WeakMap<object, Http1Reading>();
/** Returns the reading of a request's connection. */
export const readingOf = (request: http.IncomingMessage): Http1Reading | undefined => READINGS.get(request.socket);

interface ReadingOptions {
  readonly held: ConnectionBytes;
  /** Requests without a complete answer, above which no further slice is parsed. */
  readonly maxRequests: number;
  readonly calmed: (why: string) => void;
}

/** States of a connection that is read: `ended` if the client sends no more, `over` if nothing more is parsed. */
export const READING_TRANSITIONS: Transitions<"open" | "ended" | "over"> = {
  open: ["ended", "over"],
  ended: ["over"],
  over: [],
};

/**
 * Feeds one connection of HTTP/1.1 to node's parser in slices, in turn with all other connections. Node itself parses
 * up to 64 KiB without interruption. That is 11,000 chunks of one byte, or 1,600 pipelined requests, during which no
 * other client is served.
 */
class Http1Reading implements Reading, ConnectionHold {
  heldBytes = 0;
  readonly #socket: Socket;
  readonly #parser: Parser;
  readonly #options: ReadingOptions;
  readonly #pause: () => Socket;
  readonly #resume: () => Socket;
  /** Received, and not parsed yet. */
  #rest: Buffer | undefined;
  /** The slice in the parser. */
  #slice: Buffer | undefined;
  /** Bytes until the end of a request behind which a slice ends. */
  #left = 0;
  /** Node has paused the socket: the parser must receive nothing. */
  #paused = false;
  #waiting = false;
  #state: keyof typeof READING_TRANSITIONS = "open";
  /** Requests without a complete answer. */
  #open = 0;

  constructor(socket: Socket, parser: Parser, options: ReadingOptions) {
    this.#socket = socket;
    this.#parser = parser;
    this.#options = options;
    this.#pause = socket.pause;
    this.#resume = socket.resume;
    socket.off("data", parser.data).off("end", parser.end).on("data", this.#onData).on("end", this.#onEnd);
    socket.pause = () => {
      this.#paused = true;
      return this.#pause.call(socket);
    };
    socket.resume = () => {
      this.#paused = false;
      if (this.#rest === undefined) return this.#resume.call(socket);
      if (this.#slice === undefined) this.#goOn();
      return socket;
    };
  }

  readOn(until: number): void {
    this.#waiting = false;
    const rest = this.#rest;
    if (rest === undefined || this.#paused || this.#isFull) return;
    this.#read(rest, until);
    if (this.#rest !== undefined || this.#isOver) return;
    if (this.#state === "ended") this.#parser.end.call(this.#socket);
    else if (!this.#paused) this.#resume.call(this.#socket);
  }
  /** Counts a request. */
  began(): void {
    this.#open++;
  }
  /** Counts a request that has its answer, or has lost its connection. */
  answered(): void {
    this.#open--;
    if (this.#rest !== undefined && this.#slice === undefined && !this.#paused) this.#goOn();
  }
  get #isOver(): boolean {
    return this.#state === "over";
  }
  get #isFull(): boolean {
    return this.#open >= this.#options.maxRequests;
  }
  /** Closes the connection. */
  calm(why: string): void {
    if (this.#isOver) return;
    this.#options.calmed(why);
    this.stop();
    this.#socket.destroy();
  }
  /** Parses nothing more. @returns the bytes that wait */
  stop(): Buffer | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    if (!this.#isOver) this.#become("over");
    wasRead(this);
    this.#hold();
    return rest;
  }
  /** Leaves the connection to another protocol. @returns the bytes that wait */
  release(): Buffer | undefined {
    const socket = this.#socket;
    socket.off("data", this.#onData).off("end", this.#onEnd);
    socket.pause = this.#pause;
    socket.resume = this.#resume;
    return this.stop();
  }
  /**
   * Separates the bytes after a request whose upgrade is not accepted. Node's parser drops such bytes if it receives
   * them with the end of the request.
   *
   * @returns true if they cannot be separated, so that the connection must end with the answer
   */
  endsWith(request: http.IncomingMessage): boolean {
    const { method, url, headers } = request;
    if (headers.upgrade === undefined) return false;
    const text = this.#slice?.toString("latin1") ?? "";
    const head = text.startsWith(`${method} ${url} `) ? text.indexOf(HEAD_END) + HEAD_END.length : 0;
    const left = head + Number(headers["content-length"] ?? 0) - text.length;
    if (left < 0 || head < HEAD_END.length || headers["transfer-encoding"] !== undefined) {
      if (request instanceof Http1Request) request.isLast = true;
      return true;
    }
    this.#left = left;
    return false;
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver) return;
    if (this.#rest !== undefined) this.#keep(Buffer.concat([this.#rest, chunk]));
    else if (this.#isFull) this.#keep(chunk);
    else this.#read(chunk, readsUntil());
  };
  readonly #onEnd = (): void => {
    if (this.#isOver) return;
    this.#become("ended");
    if (this.#rest === undefined) this.#parser.end.call(this.#socket);
  };
  #read(chunk: Buffer, until: number): void {
    const socket = this.#socket;
    let from = 0;
    do {
      const length = this.#left > 0 ? Math.min(this.#left, SLICE_BYTES) : SLICE_BYTES;
      const slice = from === 0 && chunk.length <= length ? chunk : chunk.subarray(from, from + length);
      from += slice.length;
      this.#left = Math.max(0, this.#left - slice.length);
      this.#rest = from < chunk.length ? chunk.subarray(from) : undefined;
      this.#slice = slice;
      this.#parser.data.call(socket, slice);
      if (this.#isOver || socket.destroyed) {
        this.stop();
        break;
      }
    } while (from < chunk.length && !this.#paused && !this.#isFull && performance.now() < until);
    this.#slice = undefined;
    if (this.#rest !== undefined) this.#keep(this.#rest);
    else {
      wasRead(this);
      if (this.heldBytes > 0) this.#hold();
    }
  }
  /** Stops reading until these bytes are parsed. */
  #keep(rest: Buffer): void {
    this.#rest = rest;
    this.#pause.call(this.#socket);
    if (!this.#paused) this.#wait();
    this.#hold();
  }
  #become(state: keyof typeof READING_TRANSITIONS): void {
    this.#state = transition(READING_TRANSITIONS, this.#state, state);
  }
  #goOn(): void {
    readsUntil(); // so that there is a turn
    this.#wait();
  }
  #wait(): void {
    if (this.#waiting || this.#isFull) return;
    this.#waiting = true;
    waits(this);
  }
  #hold(): void {
    this.#options.held.set(this, this.#rest === undefined ? 0 : this.#rest.length + this.#socket.readableLength);
  }
}

function ignore(): void {}

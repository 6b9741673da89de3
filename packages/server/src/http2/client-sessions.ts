import type * as http2 from "node:http2";
import { ErrorCode } from "@protobff/runtime/internal/http2";
import { endIdle } from "./end-idle.ts";
import { ResetBudget } from "./reset-budget.ts";

/**
 * Maximum size of a request's headers, in bytes, and their maximum number. HTTP/2 counts bytes as RFC 9113, 10.5.1
 * does. Node's own limits are 16 KiB (HTTP/1.1), 64 KiB (HTTP/2), 1000 and 128. Larger headers are refused with 431, or
 * the stream is reset. Node before 24.21 dropped the headers beyond 1000.
 */
export const MAX_HEADER_BYTES = 32 << 10;
export const MAX_HEADERS = 128;
/** Maximum number of headers of an HTTP/1.1 request. */
export const MAX_H1_HEADERS = 1000;
/** Maximum number of concurrent streams of one connection. A proxy that needs more opens a second connection. */
export const DEFAULT_MAX_STREAMS = 250;
/** Bytes that RFC 9113, 10.5.1 adds to the name and value of a header. */
const HEADER_BYTES = 32;
/** Bytes that node adds to the headers of a stream, roughly. */
const STREAM_BYTES = 4 << 10;
/** Answers that the client has not taken do not block new streams of their connection up to this size, in bytes. */
const ANSWERS_BYTES = 32e6;

/** Number of event loop turns for which a closed session's handle is kept: see `outlive`. */
const TURNS = 8;

export interface ClientSessionsOptions {
  /** Maximum number of concurrent streams of one connection. */
  readonly maxStreams: number;
  /** Time limit for a client's SETTINGS and its acknowledgement of ours, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Time after which a connection without requests is closed, in milliseconds. */
  readonly idleMs: number;
  /** The last session has closed. */
  readonly onEmpty: () => void;
}

const CLIENT = Symbol();
type OfClient = { [CLIENT]?: ClientSession | undefined };

/** The HTTP/2 connections of clients, and what each of them may do. */
export class ClientSessions {
  readonly #options: ClientSessionsOptions;
  readonly #sessions = new Map<http2.ServerHttp2Session, ClientSession>();
  readonly #check: NodeJS.Timeout;

  constructor(options: ClientSessionsOptions) {
    this.#options = options;
    this.#check = endIdle(options.idleMs, () => this.#sessions.values());
  }

  /**
   * Options of http2.createServer. Together they leave enough session memory for every client that keeps within the
   * limits.
   */
  get serverOptions(): http2.ServerOptions {
    const { maxStreams } = this.#options;
    return {
      settings: { maxConcurrentStreams: maxStreams, maxHeaderListSize: MAX_HEADER_BYTES },
      maxHeaderListPairs: MAX_HEADERS,
      maxSessionMemory: Math.ceil((maxStreams * (MAX_HEADER_BYTES + STREAM_BYTES) + ANSWERS_BYTES) / 1e6),
    };
  }
  get size(): number {
    return this.#sessions.size;
  }

  get streams(): number {
    let streams = 0;
    for (const client of this.#sessions.values()) streams += client.streams;
    return streams;
  }

  add(session: http2.ServerHttp2Session): void {
    const client = new ClientSession(session);
    this.#sessions.set(session, client);
    (session as OfClient)[CLIENT] = client;
    const handle = handleOf(session);
    // The preface is complete when the client's SETTINGS have arrived. Our limits apply after its acknowledgement of
    // ours.
    const timer = setTimeout(() => session.destroy(), this.#options.handshakeTimeoutMs);
    let awaited = 2;
    const onActivity = () => {
      if (--awaited === 0) clearTimeout(timer);
    };
    session.once("remoteSettings", onActivity);
    session.once("localSettings", () => {
      client.acknowledged = true;
      onActivity();
    });
    session.once("close", () => {
      clearTimeout(timer);
      this.#sessions.delete(session);
      outlive(handle, TURNS);
      if (this.#sessions.size === 0) this.#options.onEmpty();
    });
  }
  /** Returns true if a stream may be served; otherwise it is refused. */
  admits(stream: http2.ServerHttp2Stream, rawHeaders: readonly string[]): boolean {
    const client = (stream.session as OfClient | undefined)?.[CLIENT];
    if (client === undefined) return true;
    if (!client.acknowledged && bytesOf(rawHeaders) > MAX_HEADER_BYTES) {
      stream.on("error", () => {}).close(ErrorCode.ENHANCE_YOUR_CALM);
      return false;
    }
    client.opened();
    (stream as OfClient)[CLIENT] = client;
    stream.on("close", onStreamClose);
    return true;
  }
  get all(): Iterable<http2.ServerHttp2Session> {
    return this.#sessions.keys();
  }
  /** Sends GOAWAY on all; those without streams end. */
  close(): void {
    for (const session of this.#sessions.keys()) session.close();
  }
  destroy(): void {
    clearInterval(this.#check);
    for (const session of this.#sessions.keys()) session.destroy();
  }
}

class ClientSession {
  /** True if the client has acknowledged our limits. Until then nghttp2 enforces no limit on header bytes. */
  acknowledged = false;
  readonly #session: http2.ServerHttp2Session;
  #streams = 0;
  /** Rounds of the check for idle connections since the last stream. */
  #rounds = 0;
  readonly #resets = new ResetBudget();

  constructor(session: http2.ServerHttp2Session) {
    this.#session = session;
  }
  get streams(): number {
    return this.#streams;
  }
  opened(): void {
    this.#streams++;
    this.#rounds = 0;
  }
  closed(answered: boolean): void {
    this.#streams--;
    if (answered) this.#resets.answered();
    // Not while node is reading from it: it would go on to hand out data of what is destroyed (nodejs/node#64850).
    else if (this.#resets.reset() && !this.#session.closed) setImmediate(closeCalmly, this.#session);
  }
  checkIdle(rounds: number): void {
    if (this.#streams > 0 || this.#session.closed || ++this.#rounds <= rounds) return;
    this.#session.close();
  }
}

function onStreamClose(this: http2.ServerHttp2Stream): void {
  const client = (this as OfClient)[CLIENT];
  (this as OfClient)[CLIENT] = undefined; // node:http2 may keep its streams until the next full collection
  client?.closed(this.headersSent);
}
/** Sends GOAWAY with ENHANCE_YOUR_CALM. Running requests may end; new ones are refused. */
function closeCalmly(session: http2.ServerHttp2Session): void {
  if (session.destroyed || session.closed) return;
  session.goaway(ErrorCode.ENHANCE_YOUR_CALM);
  session.close();
}

function bytesOf(rawHeaders: readonly string[]): number {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length + HEADER_BYTES / 2;
  return bytes;
}

/**
 * Returns node's own object behind a session, by the name of the symbol under which the session keeps it; undefined if
 * there is none.
 */
export function handleOf(session: http2.Http2Session): object | undefined {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === "kHandle");
  return symbol === undefined ? undefined : (session as unknown as Record<symbol, object | undefined>)[symbol];
}
/**
 * Keeps the handle of a closed session from being collected for some turns of the event loop. Its streams are freed in
 * the next two turns. An earlier collection frees the session first and finds memory of nghttp2 in use, and node aborts
 * the process: `Assertion failed: (current_nghttp2_memory_) == (0)`. docs/reports/node-http2-abort.md describes the
 * cause.
 */
function outlive(handle: object | undefined, turns: number): void {
  if (turns > 0) setImmediate(outlive, handle, turns - 1);
}

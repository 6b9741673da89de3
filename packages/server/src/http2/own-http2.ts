import type * as http2 from "node:http2";
import type { Socket } from "node:net";
import { type KnownRequests, type RequestFields, serverPreface } from "@protobff/runtime/internal/http2";
import { useOrdinaryHeaders } from "@protobff/runtime/internal/routes/ordinary-headers";
import { BridgedStream } from "../carrier/bridged-stream.ts";
import type { Shortcut } from "../carrier/handler.ts";
import type { OwnStream } from "../carrier/own-stream.ts";
import { FaultThrottle } from "../logs/recurrent-faults.ts";
import type { AdapterRequests } from "../requests/adapter-requests.ts";
import { ConnectionBytes } from "../requests/connection-bytes.ts";
import type { ClientHttp2, ClientHttp2Parts } from "./client-http2.ts";
import { MAX_HEADER_BYTES } from "./client-sessions.ts";
import { endIdle } from "./end-idle.ts";
import { OwnSession } from "./own-session.ts";
import type { OwnSessions } from "./own-sessions.ts";

/** Delay before the end of a connection, in milliseconds, in which requests that were just accepted can be answered. */
const MOMENT_MS = 500;

interface OwnHttp2Options {
  /** Maximum number of concurrent streams of one connection. */
  readonly maxStreams: number;
  readonly handshakeTimeoutMs: number;
  /** Time after which a connection without requests is closed, in milliseconds. */
  readonly idleMs: number;
  /** The last session has closed. */
  readonly onEmpty: () => void;
}

/** HTTP/2 by frames of our own. */
export class OwnHttp2 implements ClientHttp2, OwnSessions {
  readonly maxStreams: number;
  readonly handshakeTimeoutMs: number;
  readonly preface: Buffer;
  readonly known: KnownRequests = new Map();
  readonly #onEmpty: () => void;
  readonly #parts: ClientHttp2Parts;
  readonly #requests: OwnRequests;
  readonly #sessions = new Set<OwnSession>();
  readonly #bytes = new ConnectionBytes(this.#sessions);
  readonly #check: NodeJS.Timeout;
  readonly #calmed: FaultThrottle;
  #leaving = false;

  constructor(options: OwnHttp2Options, parts: ClientHttp2Parts) {
    this.maxStreams = options.maxStreams;
    this.handshakeTimeoutMs = options.handshakeTimeoutMs;
    this.preface = serverPreface(options.maxStreams, MAX_HEADER_BYTES);
    this.#onEmpty = options.onEmpty;
    this.#parts = parts;
    this.#requests = new OwnRequests(parts.shortcut, parts.requests);
    this.#calmed = new FaultThrottle(parts.fault);
    this.#check = endIdle(options.idleMs, () => this.#sessions);
  }
  get size(): number {
    return this.#sessions.size;
  }
  get streams(): number {
    let streams = 0;
    for (const session of this.#sessions) streams += session.streams;
    return streams;
  }
  accept(socket: Socket): void {
    const session = new OwnSession(socket, this);
    this.#sessions.add(session);
    this.#parts.age.limit(session, socket);
    if (this.#leaving) setTimeout(() => session.close(), MOMENT_MS).unref();
  }
  /** The first GOAWAY warns: nothing that crosses it is lost. */
  close(): void {
    this.#leaving = true;
    for (const session of this.#sessions) session.close();
  }
  leave(): void {
    this.close();
  }
  destroy(): void {
    clearInterval(this.#check);
    for (const session of this.#sessions) session.destroy();
  }

  request(stream: OwnStream, headers: RequestFields, raw: readonly string[]): void {
    this.#parts.taken(this.#requests.begin(stream, headers, raw));
  }
  holds(session: OwnSession, bytes: number): void {
    this.#bytes.set(session, bytes);
  }
  calmed(why: string): void {
    this.#calmed.report(`closed a client's connection: ${why}`);
  }
  gone(session: OwnSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#onEmpty();
  }
}

/** Passes each request of an `OwnStream` to the shortcut, or else to the adapter's handler. */
export class OwnRequests {
  readonly #shortcut: Shortcut | undefined;
  readonly #requests: AdapterRequests;
  /** Makes the objects of `Handler` for the streams that no shortcut takes; it never listens. */
  #compat: http2.Http2Server | undefined;

  constructor(shortcut: Shortcut | undefined, requests: AdapterRequests) {
    this.#shortcut = shortcut;
    this.#requests = requests;
  }

  /**
   * @param headers owned by this request
   * @param raw the headers as received: names and values in turn
   * @returns true if the shortcut has taken it
   */
  begin(stream: OwnStream, headers: RequestFields, raw: readonly string[]): boolean {
    useOrdinaryHeaders(headers);
    if (this.#shortcut?.stream(stream, headers, raw) === true) return true;
    this.#compat ??= process.getBuiltinModule("node:http2").createServer(this.#requests.h2);
    const compat = this.#compat;
    this.#requests.receive(stream, headers, ({ body, failure }) => {
      const bridged = new BridgedStream(stream, headers[":method"], failure);
      compat.emit("stream", bridged, headers, 0, raw);
      bridged.begin(body);
    });
    return false;
  }
}

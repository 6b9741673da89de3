import type * as http2 from "node:http2";
import type { Socket } from "node:net";
import { useOrdinaryHeaders } from "@protobff/runtime/internal/routes/ordinary-headers";
import type { ClientHttp2, ClientHttp2Parts } from "./client-http2.ts";
import { ClientSessions, type ClientSessionsOptions } from "./client-sessions.ts";
import { NodeCarrier } from "./node-carrier.ts";

/** Delay before GOAWAY, in milliseconds, in which requests that were just accepted can be answered. */
const MOMENT_MS = 500;
/** Longest wait for a first request before an HTTP/2 connection gets GOAWAY, in milliseconds. */
const SILENT_MS = 1_000;

/** HTTP/2 by node:http2. */
export class NodeHttp2 implements ClientHttp2 {
  readonly #server: http2.Http2Server;
  readonly #sessions: ClientSessions;
  #leaving = false;

  constructor(options: ClientSessionsOptions, { shortcut, requests, age, taken }: ClientHttp2Parts) {
    this.#sessions = new ClientSessions(options);
    const { createServer } = process.getBuiltinModule("node:http2");
    this.#server = createServer(this.#sessions.serverOptions);
    /** Makes the objects of `Handler` for streams that no shortcut takes; it never listens. */
    const compat = createServer(requests.h2);
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      age.limit(session, session);
      if (this.#leaving) endSoon(session);
    });
    this.#server.on("stream", (stream, headers, flags, rawHeaders) => {
      // The session has just failed: node's own answer to `expect: 100-continue` would throw.
      if (stream.destroyed || stream.closed) {
        stream.on("error", ignore);
        return;
      }
      const admitted = this.#sessions.admits(stream, rawHeaders);
      useOrdinaryHeaders(headers);
      const fast = admitted && shortcut?.stream(new NodeCarrier(stream), headers, rawHeaders) === true;
      taken(fast);
      if (admitted && !fast) compat.emit("stream", stream, headers, flags, rawHeaders);
    });
  }
  get size(): number {
    return this.#sessions.size;
  }
  get streams(): number {
    return this.#sessions.streams;
  }
  accept(socket: Socket): void {
    this.#server.emit("connection", socket);
  }
  close(): void {
    this.#leaving = true;
    this.#sessions.close();
  }
  leave(): void {
    this.#leaving = true;
    for (const session of this.#sessions.all) endSoon(session);
  }
  destroy(): void {
    this.#sessions.destroy();
  }
}

function endSoon(session: http2.ServerHttp2Session): void {
  setTimeout(() => closeBetween(session), MOMENT_MS);
}
/**
 * Sends GOAWAY when the fewest frames in flight would be refused by it: in the turn of the session's last read, behind
 * that read. A timer runs before the read, when all data since the last turn is still unread.
 */
function closeBetween(session: http2.ServerHttp2Session): void {
  const close = (): void => {
    clearTimeout(silent);
    setImmediate(() => {
      if (!session.closed && !session.destroyed) session.close();
    });
  };
  const silent = setTimeout(close, SILENT_MS);
  session.once("stream", close).once("close", () => clearTimeout(silent));
}

function ignore(): void {}

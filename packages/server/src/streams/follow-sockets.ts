// WebSockets at /bff.v1/follow, for pages with many follows: over HTTP/1.1 a browser otherwise allows six streams per
// host.
import type * as http from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Registry } from "@bufbuild/protobuf";
import type { Incoming, Peer } from "@protobff/runtime/internal/identity/incoming-request";
import type { WebSocketServer } from "ws";
import { isTls } from "../carrier/carrier.ts";
import type { Upgrades } from "../carrier/handler.ts";
import type { RequestIds } from "../headers/request-ids.ts";
import { PROTOCOL } from "../logs/protocol.ts";
import type { Shedding } from "../overload/shedding.ts";
import { FORWARDED_FOR, joined, type Peers, valuesOf } from "../requests/peers.ts";
import type { PendingBytes } from "../requests/pending-bytes.ts";
import { hasValidHost } from "../requests/request-target.ts";
import { FollowSocket } from "./follow-socket.ts";
import { FOLLOW_PATH } from "./service-paths.ts";
import { SUBPROTOCOL } from "./socket-messages.ts";
import type { StreamRpc } from "./stream-call.ts";

/**
 * Maximum size of a client's message, in bytes. Requests of server-sent events are part of a URL and may be limited to
 * less.
 */
const MAX_MESSAGE_BYTES = 64 << 10;
/** Maximum number of fragments of one message, and of the buffered chunks of incomplete data. */
const MAX_FRAGMENTS = 64;
/** Subprotocols of an offer that are read. */
const MAX_PROTOCOLS = 32;
const MAX_PIECES = 1024;

interface FollowSocketsOptions {
  /** Returns the RPC of a `package.Service/Method` on a host. */
  readonly rpcOf: (name: string, host: string | undefined) => StreamRpc | undefined;
  readonly registry: Registry;
  readonly pending: PendingBytes;
  readonly peers: Peers;
  readonly ids?: RequestIds | undefined;
  /** Origins whose pages may follow, besides the server's own. */
  readonly corsOrigins: readonly string[];
  /**
   * The server's own origin; undefined: the host of each request. Behind a proxy that ends TLS its scheme is unknown.
   */
  readonly publicUrl: string | undefined;
  /** Refuses follows under overload. */
  readonly shedding?: Shedding | undefined;
}

/** All WebSockets of one server. */
export class FollowSockets implements Upgrades {
  readonly #options: FollowSocketsOptions;
  readonly #origins: ReadonlySet<string>;
  readonly #all = new Set<FollowSocket>();
  #library: Promise<WebSocketServer | undefined> | undefined;
  #draining = false;

  constructor(options: FollowSocketsOptions) {
    this.#options = options;
    this.#origins = new Set(options.corsOrigins);
  }

  wants({ url, headers }: http.IncomingMessage): boolean {
    return url?.split("?", 1)[0] === FOLLOW_PATH && headers.upgrade?.toLowerCase() === "websocket";
  }
  take(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => {});
    const protocols = (request.headers["sec-websocket-protocol"] ?? "")
      .split(",", MAX_PROTOCOLS)
      .map((name) => name.trim());
    const origin = this.#originOf(request, socket);
    if (!hasValidHost(request)) refuse(socket, "400 Bad Request", "the host is none, or there are several");
    else if (origin === "refused") {
      refuse(socket, "403 Forbidden", "pages of this origin may not: it is none of BFF_CORS_ORIGINS");
    } else if (!protocols.includes(SUBPROTOCOL)) {
      refuse(socket, "400 Bad Request", `the subprotocol is ${SUBPROTOCOL}`);
    } else if (this.#draining) {
      refuse(socket, "503 Service Unavailable", "the server is going");
    } else {
      this.#open(request, socket, head, origin).catch(() => socket.destroy());
    }
  }
  /** Closes each when nothing is followed over it any more. */
  drain(): void {
    this.#draining = true;
    for (const socket of [...this.#all]) socket.drain();
  }

  async #open(request: http.IncomingMessage, socket: Duplex, head: Buffer, origin: Origin): Promise<void> {
    this.#library ??= serverOf();
    const server = await this.#library;
    if (socket.destroyed) return;
    if (server === undefined) {
      refuse(socket, "501 Not Implemented", "the package ws is not installed beside this server: npm install ws");
      return;
    }
    const { peers, ids, ...options } = this.#options;
    const rpcOf = (name: string): StreamRpc | undefined => options.rpcOf(name, request.headers.host);
    server.handleUpgrade(request, socket, head, (opened) => {
      const headersOf = (authorization: string | undefined): Incoming => {
        const headers = { ...request.headers };
        if (authorization !== undefined) headers.authorization = authorization;
        // A browser cannot forge its origin, and not all browsers send `sec-fetch-site` with a WebSocket.
        if (origin === "same") headers["sec-fetch-site"] = "same-origin";
        delete headers["x-request-id"]; // each is a request of its own
        ids?.of(headers);
        return new SocketIncoming(request, headers, peers);
      };
      const onClose = (closed: FollowSocket): void => void this.#all.delete(closed);
      const connection = new FollowSocket(opened, socket, { ...options, rpcOf, headersOf, onClose });
      this.#all.add(connection);
      if (this.#draining) connection.drain();
    });
  }

  /** Without this check a page of another origin could follow with the cookies of its visitor. */
  #originOf({ headers }: http.IncomingMessage, socket: Duplex): Origin {
    const { origin, host } = headers;
    const { publicUrl } = this.#options;
    if (origin === undefined) return "none";
    if (publicUrl !== undefined) {
      if (origin === publicUrl) return "same";
    } else if (URL.canParse(origin)) {
      const { host: originHost, protocol } = new URL(origin);
      if (originHost === host && (protocol === "https:" || !isTls(socket))) return "same";
    }
    return this.#origins.has(origin) || this.#origins.has("*") ? "listed" : "refused";
  }
}
type Origin = "none" | "same" | "listed" | "refused";

/** Returns undefined if the package is not installed. */
async function serverOf(): Promise<WebSocketServer | undefined> {
  try {
    const { WebSocketServer } = await import("ws"); // nobody else pays for loading it
    return new WebSocketServer({
      noServer: true,
      clientTracking: false,
      autoPong: false,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_PIECES,
      handleProtocols: () => SUBPROTOCOL,
    });
  } catch {
    return undefined;
  }
}

function refuse(socket: Duplex, status: string, text: string): void {
  const body = `${text}\n`;
  const headers = ["content-type: text/plain; charset=utf-8", `content-length: ${Buffer.byteLength(body)}`];
  socket.end(`HTTP/1.1 ${status}\r\n${[...headers, "connection: close"].join("\r\n")}\r\n\r\n${body}`);
}

/** One follow as an independent request. */
class SocketIncoming implements Incoming {
  /** As node has them. */
  readonly incoming: http.IncomingHttpHeaders;
  readonly #request: http.IncomingMessage;
  readonly #peers: Peers;

  constructor(request: http.IncomingMessage, headers: http.IncomingHttpHeaders, peers: Peers) {
    this.#request = request;
    this.incoming = headers;
    this.#peers = peers;
  }
  get(name: string): string | null {
    return name === PROTOCOL ? "websocket" : joined(this.incoming, name);
  }
  all(name: string): readonly string[] {
    const { headers, rawHeaders } = this.#request;
    const value = this.get(name);
    if (value === null) return [];
    return headers[name] === this.incoming[name] ? valuesOf(rawHeaders, name) : [value];
  }
  get peer(): Peer {
    return this.#peers.of(this.#request.socket as Socket, () => this.all(FORWARDED_FOR));
  }
}

import type * as http2 from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Peer } from "@protobff/runtime/internal/identity/incoming-request";
import type { StreamOut } from "./stream-out.ts";
import type { Trailers } from "./trailers.ts";

/** Receives a request piece by piece. */
export interface CarrierListener {
  /** True if the listener copies what it keeps of a chunk. Default: false. */
  readonly copies?: boolean;
  data(chunk: Buffer): void;
  /** The request is complete. */
  end(): void;
  /** The stream is closed in both directions. */
  close(): void;
}

/** Drops all that arrives. */
export const NO_LISTENER: CarrierListener = { data() {}, end() {}, close() {} };

/** The other end of a connection. */
export type RemoteEnd = Pick<Socket, "remoteAddress" | "remotePort">;

/** A connection of HTTP/2. */
export type CarrierConnection =
  | http2.Http2Session
  | {
      readonly socket: RemoteEnd;
      /** The client, if no socket leads to it. */
      readonly peer?: Peer;
    };

/** One HTTP/2 stream with a request and its answer, of either HTTP/2 implementation. */
export interface Carrier extends StreamOut {
  /** Key of the queue of requests: the connection, or the stream itself once it has lost its connection. */
  readonly session: object;
  /** True if the client no longer waits for an answer: the listener's `close` has been called, or follows. */
  readonly gone: boolean;
  /** Connection of the stream. Undefined if it is no longer available. */
  readonly connection: CarrierConnection | undefined;
  /** Sets the listener of the stream. Its handler must call it synchronously. */
  listen(hearer: CarrierListener): void;
  /** Sends status 100: the client may send the body. */
  continue(): void;
  /**
   * Sends a whole answer. Does nothing if the client no longer waits for one.
   *
   * @param headers names, in lower case, and values in turn
   * @param unread whether the request is still coming
   * @throws TypeError for headers that HTTP/2 cannot carry
   */
  answer(
    status: number,
    headers: readonly string[],
    body: Uint8Array | undefined,
    trailers: Trailers | undefined,
    unread: boolean,
  ): void;
}

/** Returns the connection of a stream of node's, or of a similar one. Undefined if it has lost its connection. */
export function connectionOf(stream: http2.ServerHttp2Stream): CarrierConnection | undefined {
  return "carrier" in stream ? (stream.carrier as Carrier).connection : stream.session;
}
/** True for a TLS socket. It needs no `node:tls`, which a server without TLS does not load. */
export const isTls = (socket: object | undefined): socket is TLSSocket => socket !== undefined && "encrypted" in socket;

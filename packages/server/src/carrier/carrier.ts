import type * as http2 from "node:http2";
import type { Socket } from "node:net";
import type { StreamOut } from "./stream-out.ts";
import type { Trailers } from "./trailers.ts";

/** Receives a request piece by piece. */
export interface CarrierListener {
  /** Whether it copies what it keeps of the next chunk; default no. */
  readonly copies?: boolean;
  data(chunk: Buffer): void;
  /** That was all. */
  end(): void;
  /** Nothing more can be said or heard. */
  close(): void;
}

/** A connection of HTTP/2. */
export type CarrierConnection = http2.Http2Session | { readonly socket: Socket };

/** One stream of HTTP/2: a request, and its answer, whoever has made its frames. */
export interface Carrier extends StreamOut {
  /** What requests wait for their turn by: the connection, or the stream itself when it has lost it. */
  readonly session: object;
  /** Whether nobody waits for an answer any more: the hearer's `close` has been called, or follows. */
  readonly gone: boolean;
  /** Where it comes from; undefined when that is not known any more. */
  readonly connection: CarrierConnection | undefined;
  /** To be called at once, by the one who serves it. */
  hear(hearer: CarrierListener): void;
  /** 100: the body may come. */
  continue(): void;
  /**
   * A whole answer. Nothing happens where nobody waits for one any more.
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

/** By what a stream of node's, or one that looks like it, has come; undefined when it has lost that. */
export function connectionOf(stream: http2.ServerHttp2Stream): CarrierConnection | undefined {
  return "carrier" in stream ? (stream.carrier as Carrier).connection : stream.session;
}

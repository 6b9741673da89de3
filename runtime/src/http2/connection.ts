// Our own HTTP/2 (RFC 9113, RFC 7541): frames, header blocks, windows, and their semantics. It is independent of gRPC.
// The owner of the socket implements `Connection` and its `Stream`s, as transport/ does.
import type { FloodGuard } from "./flood-guard.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { Listed, OpenStreams } from "./open-streams.ts";
import type { Sending, SendQueue } from "./send-queue.ts";

/**
 * Headers of a block: names in lower case; several values of a name are joined with ", ", those of `set-cookie` are a
 * list.
 */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** Receiver of a stream's events, in order of arrival. */
export interface Receiver {
  /** True if it copies the parts of the next piece that it keeps. Default: false. */
  readonly copies?: boolean;
  data(bytes: Buffer): void;
  /** The body has ended. */
  end(): void;
}

/** A stream of a connection. Both the connection and this package read and write these properties. */
export interface Stream<S> extends Listed<S>, Sending {
  readonly receiver: Receiver;
  /** Received bytes that no WINDOW_UPDATE has returned to the other end. */
  unacknowledged: number;
  /**
   * Bytes that the other end may still send if the receiver grants more by `allow`; undefined: all bytes are granted
   * again on arrival.
   */
  window: number | undefined;
  /** Its headers have arrived. */
  begun: boolean;
  /** All of it has arrived. */
  readonly ended: boolean;
  contentLength: number | undefined;
  /** Received bytes of its body. */
  received: number;
}

/** The connection that the frames belong to. */
export interface Connection<S> {
  /** Returns true if a stream of this number has never been opened. */
  isIdle(stream: number): boolean;
  /**
   * Receives headers, or a piece of a body, of a stream that has ended.
   *
   * @throws ConnectionError if they cannot merely have crossed its end
   */
  isOver(stream: number): void;
  /** The other end broke a rule on a stream, which ends only that stream. */
  failStream(stream: S, code: number, message: string): void;
  /** The other end has ended its half of the stream; `released` follows. */
  finish(stream: S): void;
  /** There may be room for another stream. */
  released(): void;
  /** The other end has ended a stream with this error code. */
  wasReset(stream: S, code: number): void;
  /** The other end's settings have arrived, for the first time or again. */
  settled(maxStreams: number | undefined): void;
  /** The other end has acknowledged our settings. */
  acknowledged(): void;
  /** The other end has answered a PING of ours. */
  answered(ping: number): void;
  /** The other end accepts no more streams, and has not processed those above `lastStream`. */
  goaway(lastStream: number, code: number, text: string): void;
}

/** Processes header blocks, as a client or as a server. */
export interface HeaderBlocks {
  /**
   * The first piece of a block has arrived.
   *
   * @throws ConnectionError if no block is allowed here
   */
  begin(stream: number): void;
  /** A block is complete: from `from` to `to`. */
  block(stream: number, endStream: boolean, data: Buffer, from: number, to: number): void;
  /** A block is complete, but larger than the limit. */
  oversized(stream: number): void;
}

/** Parts that incoming and outgoing frames share. */
export interface ConnectionParts<S extends Stream<S>> {
  readonly streams: OpenStreams<S>;
  readonly writer: FrameWriter;
  readonly queue: SendQueue<S>;
  readonly guard: FloodGuard;
}

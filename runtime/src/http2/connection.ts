// HTTP/2 of our own (RFC 9113, RFC 7541): frames, header blocks, windows, and what they mean. It knows nothing of gRPC, nor who has the
// socket: that is a `Connection` with its `Stream`s, which transport/ implements.
import type { Listed } from "./open-streams.ts";
import type { Sending } from "./send-queue.ts";

/** Headers as a block has them: names in lower case; several values of a name are joined with ", ", those of `set-cookie` a list. */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** What a stream is for. It hears what comes, in that order. */
export interface Receiver {
  response(status: number | undefined, headers: HeaderFields): void;
  data(bytes: Buffer): void;
  trailers(headers: HeaderFields): void;
  /** That was all. */
  end(): void;
}

/** A stream of a connection; what is written here is read and written by both. */
export interface Stream<S> extends Listed<S>, Sending {
  readonly receiver: Receiver;
  /** What the other end has sent and was not yet allowed again. */
  unacknowledged: number;
  /** What it may still send, where its receiver says when that is more; undefined: whatever comes is allowed again. */
  window: number | undefined;
  /** Its headers have come. */
  answered: boolean;
  contentLength: number | undefined;
  /** Bytes of its body. */
  received: number;
}

/** Whose frames they are. */
export interface Connection<S> {
  /** Whether a stream of this number has never been opened. */
  isIdle(stream: number): boolean;
  /** The other end broke a rule on a stream, which ends only that. */
  failStream(stream: S, code: number, message: string): void;
  /** The other end has said all; `released` follows. */
  finish(stream: S): void;
  /** There is room for another stream. */
  released(): void;
  /** The other end has ended a stream with this error code. */
  wasReset(stream: S, code: number): void;
  /** The other end's settings have come, for the first time or again. */
  settled(maxStreams: number | undefined): void;
  /** The other end has taken our settings. */
  acknowledged(): void;
  /** A PING of ours has come back. */
  answered(ping: number): void;
  /** The other end takes no more streams, and has not begun with those above `lastStream`. */
  goaway(lastStream: number, code: number, text: string): void;
}

// HTTP/2 of our own (RFC 9113, RFC 7541): frames, header blocks, windows, and what they mean. It knows nothing of gRPC, nor who has the
// socket: that is a `Connection` with its `Stream`s, which transport/ implements.
import type { FloodGuard } from "./flood-guard.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { Listed, OpenStreams } from "./open-streams.ts";
import type { Sending, SendQueue } from "./send-queue.ts";

/** Headers as a block has them: names in lower case; several values of a name are joined with ", ", those of `set-cookie` a list. */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** What a stream is for. It hears what comes, in that order. */
export interface Receiver {
  /** Whether it copies what it keeps of the next piece; default no. */
  readonly copies?: boolean;
  data(bytes: Buffer): void;
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
  begun: boolean;
  /** All of it has come. */
  readonly ended: boolean;
  contentLength: number | undefined;
  /** Bytes of its body. */
  received: number;
}

/** Whose frames they are. */
export interface Connection<S> {
  /** Whether a stream of this number has never been opened. */
  isIdle(stream: number): boolean;
  /**
   * Headers, or a piece of a body, have come of a stream that is over.
   *
   * @throws ConnectionError where they cannot just have crossed its end
   */
  isOver(stream: number): void;
  /** The other end broke a rule on a stream, which ends only that. */
  failStream(stream: S, code: number, message: string): void;
  /** The other end has said all; `released` follows. */
  finish(stream: S): void;
  /** There may be room for another stream. */
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

/** What blocks of headers mean at this end of a connection. */
export interface HeaderBlocks {
  /**
   * The first piece of one has come.
   *
   * @throws ConnectionError where there must be none
   */
  begin(stream: number): void;
  /** One has come whole: from `from` to `to`. */
  block(stream: number, endStream: boolean, data: Buffer, from: number, to: number): void;
  /** One has come whole that is larger than anything we read. */
  oversized(stream: number): void;
}

/** What both of them work with. */
export interface ConnectionParts<S extends Stream<S>> {
  readonly streams: OpenStreams<S>;
  readonly writer: FrameWriter;
  readonly queue: SendQueue<S>;
  readonly guard: FloodGuard;
}

/** The body is not as long as its headers have said. */
export function wrongLength<S>({ contentLength, received }: Stream<S>, ended: boolean): string | undefined {
  if (contentLength === undefined || (ended ? received === contentLength : received <= contentLength)) return undefined;
  return `${received} bytes in place of ${contentLength}`;
}

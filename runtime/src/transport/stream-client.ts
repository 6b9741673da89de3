import type { Fault } from "../failure.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "./call-headers.ts";

/**
 * Receives the events of one server stream, never before `open` has returned. No event follows `ended`, `faulted` or
 * `cancel`.
 */
export interface StreamReceiver {
  /**
   * Reports the headers of a stream that has been accepted. If the stream ends at once, `ended` or `faulted` receives
   * all headers.
   */
  opened?(headers: ReceivedHeaders): void;
  /**
   * Receives the bytes of one message, without the frame. The receiver owns the bytes. `take` limits the number of
   * calls.
   */
  item(message: Uint8Array): void;
  /** Reports that the upstream has ended the stream with OK, after all its items. */
  ended(trailers: ReceivedHeaders): void;
  /** @param trailers received with the fault */
  faulted(fault: Fault, trailers?: ReceivedHeaders): void;
}

/** A server stream that has been requested. */
export interface OpenStream {
  /** Requests further items. Other items stay at the upstream, except for the window of one stream (64 KiB). */
  take(items: number): void;
  /** Ends the stream on the wire. */
  cancel(): void;
  /** As of `InFlight`: true if certainly no part of it was sent. */
  readonly unsent?: boolean;
  /** As of `InFlight`. */
  readonly address?: string | undefined;
  /** As of `InFlight`: reports the result from the caller's perspective. */
  rate?(good: boolean | undefined): void;
}

/** Opens server streams of one upstream, over separate connections. */
export interface StreamClient {
  /**
   * @param path `/package.Service/Method`
   * @param frame the message with gRPC's prefix of five bytes
   * @param timeoutMs the deadline that the upstream receives; Infinity for none. The caller enforces it by `cancel`
   */
  open(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    receiver: StreamReceiver,
  ): OpenStream;
}

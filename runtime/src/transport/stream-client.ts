import type { Fault } from "../failure.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "./call-headers.ts";

/** Hears of one server stream, never before `open` has returned. After `ended` or `faulted`, and after `cancel`, it hears nothing more. */
export interface StreamReceiver {
  /** The headers of a stream that has been accepted. Of one that ends at once, all is in what `ended` or `faulted` is given. */
  opened?(headers: ReceivedHeaders): void;
  /** The bytes of one message, without the frame; its own, to be kept. Only as many as `take` has asked for. */
  item(message: Uint8Array): void;
  /** The upstream has ended it with OK, and all its items have been given. */
  ended(trailers: ReceivedHeaders): void;
  /** @param trailers what has come beside it */
  faulted(fault: Fault, trailers?: ReceivedHeaders): void;
}

/** A server stream that has been asked for. */
export interface OpenStream {
  /** Lets so many more items through. What has not been asked for stays with the upstream, but for the window of one stream (64 KiB). */
  take(items: number): void;
  /** Ends it on the wire. */
  cancel(): void;
  /** As of `InFlight`: whether it is certain that nothing of it has left. */
  readonly unsent?: boolean;
  /** As of `InFlight`: how it went, in the eyes of whoever opened it. */
  judged?(good: boolean | undefined): void;
}

/** Opens server streams of one upstream, over connections of their own. */
export interface StreamClient {
  /**
   * @param path `/package.Service/Method`
   * @param frame the message with gRPC's prefix of five bytes
   * @param timeoutMs the deadline that the upstream is told; Infinity for none. Keeping it is up to the caller, by `cancel`
   */
  open(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    receiver: StreamReceiver,
  ): OpenStream;
}

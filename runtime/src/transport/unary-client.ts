// The transport: unary requests to one upstream, over gRPC or through a transport of Connect's. Names become addresses and connections,
// and what goes wrong becomes a `Fault`. It knows neither requests nor policies: a call is bytes, headers and a deadline.
import type { Fault } from "../failure.ts";
import type { AddressState } from "../observer-upstreams.ts";
import type { Ejection } from "./balance/balancer.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "./call-headers.ts";
import type { StreamClient } from "./stream-client.ts";

/**
 * Receives the end of an attempt: exactly one of `replied` and `faulted`, once, never before `send` has returned; neither after
 * `cancel`.
 */
export interface Reply {
  /** For those who want it: what came beside the message or the fault, just before that. Of a status alone, all is in `headers`. */
  metadata?(headers: ReceivedHeaders, trailers: ReceivedHeaders): void;
  /** The bytes of the message, without the frame. */
  replied(message: Uint8Array): void;
  faulted(fault: Fault): void;
}

/** An attempt that has been sent. */
export interface InFlight {
  /** Ends the attempt on the wire. */
  cancel(): void;
  /** Whether it is certain that nothing of it has left, so that after `cancel` nothing will. */
  readonly unsent?: boolean;
  /**
   * How it has ended, in the eyes of whoever sent it; may be called once, when that is so. Where an upstream has several addresses it decides how
   * many calls this one gets.
   *
   * @param good as a breaker has it: true good, false bad, undefined says nothing of the upstream
   * @param slowness how many times as long it took as answers of its method mostly do; of those that are good
   */
  judged?(good: boolean | undefined, slowness?: number): void;
}

/** Sends unary requests to one upstream, and opens streams of those that have them. */
export interface UnaryClient {
  /**
   * @param path `/package.Service/Method`
   * @param frame the message with gRPC's prefix of five bytes
   * @param timeoutMs the deadline that the upstream is told; Infinity for none. Keeping it is up to the caller, by `cancel`
   * @param attempt 1 for the first
   * @param after the one before it, of the same call, which this client has sent: another address than its own, and than those before it, is
   *   preferred
   */
  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    attempt: number,
    reply: Reply,
    after?: InFlight | undefined,
  ): InFlight;
  /** As of `StreamClient`; undefined: its upstreams have no streams. */
  readonly open?: StreamClient["open"];
  /** Where it sends to, as far as it knows. */
  addresses?(): readonly AddressState[];
  /** Is told of addresses that are ejected; the one who was told before no longer is. */
  tellEjections?(told: (ejection: Ejection) => void): void;
  /** Closes all connections when what is in flight has ended. */
  close?(): Promise<void> | void;
}

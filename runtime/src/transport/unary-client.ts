// The transport: unary requests to one upstream, over gRPC or through a transport of Connect's. It resolves names to
// addresses and connections, and turns errors into a `Fault`. It depends neither on requests nor on policies: a call is
// bytes, headers and a deadline.
import type { Clock } from "../clock.ts";
import type { Fault } from "../failure.ts";
import type { Breaker } from "../guard/breaker.ts";
import type { HedgeBudget, Throttle } from "../guard/budgets.ts";
import type { Places } from "../guard/limit.ts";
import type { AddressState } from "../observer-upstreams.ts";
import type { Ejection } from "./balance/balancer.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "./call-headers.ts";
import type { StreamClient } from "./stream-client.ts";

/**
 * Receives the end of an attempt: exactly one of `replied` and `faulted`, once, never before `send` has returned; neither after
 * `cancel`.
 */
export interface Reply {
  /**
   * Receives the headers and trailers of the message or the fault, just before it. If the answer is only a status, all
   * metadata is in `headers`. Optional.
   */
  metadata?(headers: ReceivedHeaders, trailers: ReceivedHeaders): void;
  /**
   * The bytes of the message, without the frame.
   *
   * @param receivedBytes its size on the wire; default: that of these bytes
   */
  replied(message: Uint8Array, receivedBytes?: number): void;
  faulted(fault: Fault): void;
}

/** An attempt that has been sent. */
export interface InFlight {
  /** Ends the attempt on the wire. */
  cancel(): void;
  /** True if certainly no part of it was sent; then none will be sent after `cancel`. */
  readonly unsent?: boolean;
  /** Size of the request's message on the wire, in bytes. Default: that of the message in the frame. */
  readonly sentBytes?: number;
  /** Address that it was sent to, as in `addresses`. Some clients have none. */
  readonly address?: string | undefined;
  /**
   * Reports the result from the sender's perspective. May be called once, when the result is final. If an upstream has
   * several addresses, the result affects the number of calls that this one receives.
   *
   * @param good as a breaker counts it: true good, false bad, undefined if the result does not depend on the upstream
   * @param slowness ratio of its duration to the usual duration of its method; for good results only
   */
  rate?(good: boolean | undefined, slowness?: number): void;
}

/** Decisions of a process that its calls share. */
export type Guard = Breaker | HedgeBudget | Places | Throttle;

/** Observes or replaces the time and the guards of a client's calls: for captures of requests, and their replay. */
export interface CallTap {
  /** Clock of the calls. Their guards keep the clock of the upstream. */
  readonly clock: Clock;
  /** Receives each guard when it is created. */
  guard(guard: Guard): void;
  /** Runs the part of a copy for a mirror, which decides nothing about the request. May leave it out. */
  apart?(run: () => void): void;
  /** Returns a decoder of streamed items with the same results. Undefined: they have their own. */
  decoder?<Item>(decode: (bytes: Uint8Array) => Item): (bytes: Uint8Array) => Item;
}

/** Sends unary requests to one upstream, and opens streams of those that have them. */
export interface UnaryClient {
  /**
   * @param path `/package.Service/Method`
   * @param frame the message with gRPC's prefix of five bytes
   * @param timeoutMs the deadline that the upstream receives; Infinity for none. The caller enforces it by `cancel`
   * @param attempt 1 for the first
   * @param after the previous attempt of the same call by this client. An address other than those of the previous
   *   attempts is preferred
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
  /** As of `StreamClient`. Undefined if its upstreams have no streams. */
  readonly open?: StreamClient["open"];
  /** Clients of the upstream's shards, at least one, in the order of their list. They receive all calls. */
  readonly shards?: ReadonlyMap<string, UnaryClient> | undefined;
  /** Undefined: the calls have the clock and the guards of the upstream. */
  readonly tap?: CallTap | undefined;
  /** Returns the known addresses of the upstream. */
  addresses?(): readonly AddressState[];
  /** Registers the receiver of ejections. It replaces the previous receiver. */
  onEjection?(listener: (ejection: Ejection) => void): void;
  /** Closes all connections after the calls in flight have ended. */
  close?(): Promise<void> | void;
}

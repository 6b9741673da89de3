import { breakerOpen, Code, type Failure, type Fault, limited, Misfit } from "../failure.ts";
import type { Ticket } from "../guard/breaker.ts";
import type { Places, Share, UrgentWaiter } from "../guard/limit.ts";
import type { AttemptEvent } from "../observer-calls.ts";
import type { Trace } from "../observer-requests.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "../transport/call-headers.ts";
import type { InFlight, Reply } from "../transport/unary-client.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";
import type { ResponseMetadata } from "./response-metadata.ts";
import type { Rpc } from "./upstream.ts";

/** Minimum time left for sending an attempt, in milliseconds. */
export const LEAST_MS = 1;

/** The call of an attempt. Each of the last four may end the attempt. */
export interface AttemptOwner {
  /** Deadline by the clock. */
  readonly deadline: number;
  readonly frame: Uint8Array;
  readonly headers: OutgoingHeaders | undefined;
  /** Limits to enter, in this order. The first belongs to the response, the others to the process. */
  readonly limits: readonly Places[];
  /** Trace that the call belongs to. */
  readonly trace: Trace | undefined;
  /** The attempt that was sent last. Retries and hedges use another address if they can. */
  before: InFlight | undefined;
  /** True if its failure fails more than the call itself. */
  readonly critical: boolean;
  /** Party of its request. */
  readonly share: Share | undefined;
  /** Failure that prevents further attempts. */
  readonly forbidden: Failure | undefined;
  /** Records that the attempt is sent, now by the clock. Returns its number, 1 for the first of the call. */
  goes(now: number): number;
  /** The attempt has been sent. */
  sent(now: number): void;
  /** The attempt was not sent. */
  refused(attempt: Attempt, failure: Failure): void;
  replied(attempt: Attempt, message: Uint8Array): void;
  faulted(attempt: Attempt, fault: Fault): void;
  /** No time is left. */
  expire(): void;
}

/** One attempt of a call: [ breaker → limits → breaker again → wire ]. */
export class Attempt implements Reply, UrgentWaiter {
  readonly hedge: boolean;
  /** Next attempt in the call's list of attempts that still have their places. */
  next: Attempt | undefined;
  /** Time at which it was sent; undefined: it was not. */
  sentAt: number | undefined;
  #number = 0;
  #ended = false;
  readonly #of: AttemptOwner;
  readonly #rpc: Rpc<never, unknown>;
  #held = 0; // of the limits, from the first
  #upstreamDeadline = 0; // the deadline that the upstream received
  #lingerMs = 0; // how long the upstream may go on with what nobody wants any more
  #waitingFor: Places | undefined;
  #flight: number[] | undefined; // how many were in flight with it, by the limits that learn from it
  #ticket: Ticket | undefined;
  #inFlight: InFlight | undefined;

  constructor(of: AttemptOwner, rpc: Rpc<never, unknown>, hedge: boolean) {
    this.#of = of;
    this.#rpc = rpc;
    this.hedge = hedge;
  }
  /** @param now time by the clock; another reading would cost more than the rest of this method */
  begin(now: number): void {
    const { method, breaker } = this.#rpc;
    if (breaker?.refuses) this.#of.refused(this, breakerOpen(method));
    else this.#enterLimits(now);
  }
  #enterLimits(now: number): void {
    for (; ; this.#held++) {
      const limit = this.#of.limits[this.#held];
      if (limit === undefined) {
        this.#send(now);
        return;
      }
      const entry = limit.enter(this);
      if (entry === "wait") {
        this.#waitingFor = limit;
        return;
      }
      if (entry === "full") {
        this.#of.refused(this, limited(this.#rpc.method));
        return;
      }
    }
  }
  admitted(): void {
    this.#waitingFor = undefined;
    this.#held++;
    this.#enterLimits(this.#rpc.upstream.clock.now());
  }
  get critical(): boolean {
    return this.#of.critical;
  }
  get share(): Share | undefined {
    return this.#of.share;
  }
  /** Its call has become critical. */
  urge(): void {
    this.#waitingFor?.urge(this);
  }
  shed(): void {
    if (this.#ended) return;
    this.#waitingFor = undefined;
    this.#of.refused(this, limited(this.#rpc.method));
  }
  #send(now: number): void {
    const { upstream, method, breaker, path } = this.#rpc;
    const left = this.#of.deadline - now;
    if (left < LEAST_MS) {
      this.#of.expire();
      return;
    }
    if (this.#of.forbidden !== undefined) {
      this.#of.refused(this, this.#of.forbidden);
      return;
    }
    if (breaker !== undefined) {
      this.#ticket = breaker.admit();
      if (this.#ticket === undefined) {
        this.#of.refused(this, breakerOpen(method));
        return;
      }
    }
    const number = this.#of.goes(now);
    this.#number = number;
    this.sentAt = now;
    if (this.#rpc.learning !== undefined) this.#flight = this.#rpc.learning.map(({ limit }) => limit.taken);
    this.#upstreamDeadline = this.#of.deadline;
    try {
      const { frame, headers, before } = this.#of;
      this.#inFlight = upstream.client.send(path, frame, left, headers, number, this, before);
      this.#of.before = this.#inFlight;
      this.#of.sent(now);
    } catch (error) {
      const misfit = error instanceof Misfit ? error : undefined;
      queueMicrotask(() => this.faulted({ kind: "unsendable", code: Code.INTERNAL, message: String(error), misfit }));
    }
  }

  replied(message: Uint8Array, receivedBytes = message.length): void {
    if (this.#ended) return;
    this.#rpc.traffic?.countReceived(receivedBytes);
    this.#of.replied(this, message);
  }
  faulted(fault: Fault): void {
    if (!this.#ended) this.#of.faulted(this, fault);
  }
  /**
   * Ends the attempt, even on the wire, and passes the verdict to its breaker (true good, false bad, undefined none).
   * It keeps its places in the limits until `free`.
   */
  end(verdict: boolean | undefined, outcome: AttemptEvent["outcome"]): void {
    if (this.#ended) return;
    this.#ended = true;
    if (outcome === "cancelled" || outcome === "expired") this.#inFlight?.cancel();
    const { upstream, method, breaker, traffic } = this.#rpc;
    if (this.#inFlight !== undefined && this.#inFlight.unsent !== true)
      traffic?.countSent(this.#inFlight.sentBytes ?? this.#of.frame.length - PREFIX_BYTES);
    if (this.sentAt !== undefined) {
      const endedAt = upstream.clock.now();
      this.#inFlight?.rate?.(verdict, outcome === "ok" ? this.#rpc.answers.slowness(endedAt - this.sentAt) : undefined);
      if (outcome === "ok") this.#rpc.answers.took(endedAt - this.sentAt);
      else if (outcome === "cancelled" && this.#inFlight?.unsent !== true)
        this.#lingerMs = Math.min(this.#upstreamDeadline - endedAt, this.#rpc.answers.meanMs);
      if (this.#flight !== undefined) this.#teach(this.#flight, this.sentAt, endedAt, verdict, outcome);
      if (this.#ticket !== undefined) breaker?.sample(this.#ticket, verdict, endedAt - this.sentAt);
      upstream.observer?.attempt?.({
        call: this.#of,
        service: upstream.service,
        branch: upstream.branch,
        shard: upstream.shard,
        method,
        number: this.#number,
        hedge: this.hedge,
        startedAt: this.sentAt,
        endedAt,
        outcome,
        trace: this.#of.trace,
      });
    }
    this.#waitingFor?.leave(this);
  }
  /** Its call has failed because of it, and began at this position of the breaker's row. */
  failCall(position: number): void {
    if (this.#ticket !== undefined) this.#rpc.breaker?.callFailed(this.#ticket, position, this.#inFlight?.address);
  }
  /**
   * Passes the attempt's end to adaptive limits, which learn the capacity of the upstream. An attempt that we ended
   * before it had its time teaches nothing.
   */
  #teach(
    flight: readonly number[],
    sentAt: number,
    now: number,
    verdict: boolean | undefined,
    outcome: AttemptEvent["outcome"],
  ): void {
    if (verdict === undefined) return;
    const overload = outcome === "expired" || (typeof outcome === "object" && isOverload(outcome));
    this.#rpc.learning?.forEach(({ limit, answers, refusals }, i) => {
      if (overload) limit.refused(now, flight[i] ?? 1);
      else if (verdict) limit.answered(outcome === "ok" ? answers : refusals, sentAt, now, flight[i] ?? 1);
    });
  }
  /**
   * Returns its places. Other calls get them at once and may do anything, so this has to be the last action. In the
   * limits of the process, a cancelled attempt keeps its place while the upstream may still be working on it.
   */
  free(): void {
    const { limits } = this.#of;
    if (this.#lingerMs > 0 && this.#held > 1) {
      this.#rpc.upstream.guardClock.setTimeout(releaseShared, this.#lingerMs, limits);
      this.#held = 1;
    }
    while (this.#held > 0) limits[--this.#held]?.release();
  }
}

/**
 * Reports whether a fault indicates a lack of room or of time. Another fault (a crash, an invalid answer) indicates
 * nothing about load.
 */
function isOverload({ kind, code }: Fault): boolean {
  if (kind === "transport" || kind === "unprocessed") return true;
  if (kind !== "status") return false;
  return code === Code.UNAVAILABLE || code === Code.RESOURCE_EXHAUSTED || code === Code.DEADLINE_EXCEEDED;
}

/** An attempt that keeps headers and trailers of its answer. */
export class MetadataAttempt extends Attempt {
  received: ResponseMetadata = NOTHING;
  metadata(headers: ReceivedHeaders, trailers: ReceivedHeaders): void {
    this.received = { headers, trailers };
  }
}
const NOTHING: ResponseMetadata = { headers: {}, trailers: {} };

/** Releases all but the response's own limit. The timer keeps nothing else of the call. */
function releaseShared(limits: readonly Places[]): void {
  for (let i = limits.length - 1; i > 0; i--) limits[i]?.release();
}

/** Attempts of one call. */
export class Attempts {
  /** Number of attempts that were sent. */
  sent = 0;
  /** Attempts that have not ended. */
  running: Attempt[] = [];
  /** The last one, if it did not reach the upstream or had no answer in time. */
  unreached: Attempt | undefined;
  readonly #position: number;
  #closed: Attempt | undefined; // and those behind it: they still have their places

  /** @param position of the call in the row of its breaker */
  constructor(position = 0) {
    this.#position = position;
  }

  add(attempt: Attempt): void {
    if (this.running.length === 0) this.running = [attempt];
    else this.running.push(attempt);
  }
  /** Ends one of them. */
  close(attempt: Attempt, verdict: boolean | undefined, outcome: Parameters<Attempt["end"]>[1]): void {
    if (this.running.at(-1) === attempt) this.running.pop();
    else this.running.splice(this.running.indexOf(attempt), 1);
    attempt.end(verdict, outcome);
    attempt.next = this.#closed;
    this.#closed = attempt;
  }
  /** Reports the failure of the call to its breaker. */
  failCall(): void {
    this.unreached?.failCall(this.#position);
  }
  /** Releases the limiter's places of ended attempts. Must be the last action: waiting calls continue at once. */
  free(): void {
    let attempt = this.#closed;
    this.#closed = undefined;
    for (; attempt !== undefined; attempt = attempt.next) attempt.free();
  }
}

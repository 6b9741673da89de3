import { breakerOpen, Code, type Failure, type Fault, limited } from "../failure.ts";
import type { Ticket } from "../guard/breaker.ts";
import type { Limit, Waiter } from "../guard/limit.ts";
import type { AttemptEvent } from "../observer.ts";
import type { InFlight, OutgoingHeaders, ReceivedHeaders, Reply } from "../transport/unary-client.ts";
import type { Received } from "./received.ts";
import type { Rpc } from "./upstream.ts";

/** With less than this left, in milliseconds, nothing is sent. */
export const LEAST_MS = 1;

/** What an attempt is part of: a call. Each of the last four may end the attempt. */
export interface Attempting {
  /** Of the clock. */
  readonly deadline: number;
  readonly frame: Uint8Array;
  readonly headers: OutgoingHeaders | undefined;
  /** To be entered in this order. The first is the response's own, the others are the process's. */
  readonly limits: readonly Limit[];
  /** Why nothing may go out any more. */
  readonly forbidden: Failure | undefined;
  /** It goes out: gives its number, 1 for the first of the call. */
  goes(): number;
  /** It has not gone out. */
  refused(attempt: Attempt, failure: Failure): void;
  replied(attempt: Attempt, message: Uint8Array): void;
  faulted(attempt: Attempt, fault: Fault): void;
  /** No time is left. */
  expire(): void;
}

/** One attempt of a call: [ breaker → limits → breaker again → wire ]. */
export class Attempt implements Reply, Waiter {
  readonly hedge: boolean;
  /** For the call's list of those that still have their places. */
  next: Attempt | undefined;
  /** When it went out; undefined: it has not. */
  sentAt: number | undefined;
  #number = 0;
  #ended = false;
  readonly #of: Attempting;
  readonly #rpc: Rpc<never, unknown>;
  #held = 0; // of the limits, from the first
  #toldUntil = 0; // the deadline that the upstream knows
  #lingerMs = 0; // how long the upstream may go on with what nobody wants any more
  #waitingFor: Limit | undefined;
  #ticket: Ticket | undefined;
  #inFlight: InFlight | undefined;

  constructor(of: Attempting, rpc: Rpc<never, unknown>, hedge: boolean) {
    this.#of = of;
    this.#rpc = rpc;
    this.hedge = hedge;
  }
  begin(): void {
    const { method, breaker } = this.#rpc;
    if (breaker?.refuses) this.#of.refused(this, breakerOpen(method));
    else this.#enterLimits();
  }
  #enterLimits(): void {
    for (; ; this.#held++) {
      const limit = this.#of.limits[this.#held];
      if (limit === undefined) {
        this.#send();
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
    this.#enterLimits();
  }
  #send(): void {
    const { upstream, method, breaker, path } = this.#rpc;
    const now = upstream.clock.now();
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
    const number = this.#of.goes();
    this.#number = number;
    this.sentAt = now;
    this.#toldUntil = this.#of.deadline;
    try {
      this.#inFlight = upstream.client.send(path, this.#of.frame, left, this.#of.headers, number, this);
    } catch (error) {
      queueMicrotask(() => this.faulted({ kind: "unsendable", code: Code.INTERNAL, message: String(error) }));
    }
  }

  replied(message: Uint8Array): void {
    if (!this.#ended) this.#of.replied(this, message);
  }
  faulted(fault: Fault): void {
    if (!this.#ended) this.#of.faulted(this, fault);
  }
  /**
   * Ends it, on the wire too; its breaker has the verdict (true good, false bad, undefined none). It keeps its places in the
   * limits until `free`.
   */
  end(verdict: boolean | undefined, outcome: AttemptEvent["outcome"]): void {
    if (this.#ended) return;
    this.#ended = true;
    if (outcome === "cancelled" || outcome === "expired") this.#inFlight?.cancel();
    const { upstream, method, breaker } = this.#rpc;
    if (this.sentAt !== undefined) {
      const endedAt = upstream.clock.now();
      if (outcome === "ok") this.#rpc.answers.took(endedAt - this.sentAt);
      else if (outcome === "cancelled" && this.#inFlight?.unsent !== true)
        this.#lingerMs = Math.min(this.#toldUntil - endedAt, this.#rpc.answers.meanMs);
      if (this.#ticket !== undefined) breaker?.sample(this.#ticket, verdict, endedAt - this.sentAt);
      upstream.observer?.attempt?.({
        call: this.#of,
        service: upstream.service,
        branch: upstream.branch,
        method,
        number: this.#number,
        hedge: this.hedge,
        startedAt: this.sentAt,
        endedAt,
        outcome,
      });
    }
    this.#waitingFor?.leave(this);
  }
  /**
   * Gives its places back. Others get them at once, and may do anything: to be called when all else is done. In the limits of the
   * process one that was cancelled keeps its place for as long as the upstream may still be at it.
   */
  free(): void {
    const { limits } = this.#of;
    if (this.#lingerMs > 0 && this.#held > 1) {
      this.#rpc.upstream.clock.setTimeout(releaseShared, this.#lingerMs, limits);
      this.#held = 1;
    }
    while (this.#held > 0) limits[--this.#held]?.release();
  }
}

/** One that keeps what comes beside the message. */
export class HearingAttempt extends Attempt {
  received: Received = NOTHING;
  metadata(headers: ReceivedHeaders, trailers: ReceivedHeaders): void {
    this.received = { headers, trailers };
  }
}
const NOTHING: Received = { headers: {}, trailers: {} };

/** All but the response's own. The timer keeps nothing else of the call. */
function releaseShared(limits: readonly Limit[]): void {
  for (let i = limits.length - 1; i > 0; i--) limits[i]?.release();
}

// Guards: what keeps upstreams and this process from harm, each for itself: breaker, limit, pool, throttle, backoff, deadline. They
// count, and answer whether something may go on; what it is, they do not know.
import { CircuitState } from "cockatiel";
import type { Clock } from "../clock.ts";
import type { BreakerState } from "../observer-upstreams.ts";
import { SlidingWindow, type WindowPolicy } from "./sliding-window.ts";

/** When nothing is let out to an upstream any more, and for how long (runtime.md, "Breakers"). */
export interface BreakerPolicy extends WindowPolicy {
  /** How long nothing is let out, in milliseconds. */
  readonly openMs: number;
  /** How many may be out at a time while half-open. */
  readonly probes: number;
  /** An attempt that took so long, in milliseconds, was slow, however it ended. None: nothing is slow. */
  readonly slowMs?: number | undefined;
}

/** That an attempt was let out, and in which stretch of the breaker's life. */
export type Ticket = number;

/**
 * The circuit breaker of one upstream. The state machine is ours, around a strategy of cockatiel's kind: cockatiel's own
 * policy makes callers wait while half-open, and takes a cancelled probe for a success.
 */
export class Breaker {
  readonly #policy: BreakerPolicy;
  readonly #clock: Clock;
  readonly #changed: ((from: BreakerState, to: BreakerState) => void) | undefined;
  readonly #window: SlidingWindow;
  #state: BreakerState = "closed";
  #generation: Ticket = 1; // counts the changes of state; a verdict on an attempt of an earlier state says nothing about this one
  #until = 0;
  #probing = 0;

  constructor(policy: BreakerPolicy, clock: Clock, changed?: (from: BreakerState, to: BreakerState) => void) {
    this.#policy = policy;
    this.#clock = clock;
    this.#changed = changed;
    this.#window = new SlidingWindow(policy, clock);
  }
  get state(): BreakerState {
    return this.#state;
  }
  /** While it is open: how long until an attempt is let out as a probe, in milliseconds; 0: the next one is. */
  get probesInMs(): number | undefined {
    return this.#state === "open" ? Math.max(0, this.#until - this.#clock.now()) : undefined;
  }
  /** Whether an attempt would be refused now; changes nothing. */
  get refuses(): boolean {
    if (this.#state === "closed") return false;
    return this.#state === "open" ? this.#clock.now() < this.#until : this.#probing >= this.#policy.probes;
  }
  /** Lets an attempt out, or refuses it (undefined). Whoever has a ticket must `sample` it once. */
  admit(): Ticket | undefined {
    if (this.#state === "closed") return this.#generation;
    if (this.refuses) return undefined;
    if (this.#state === "open") this.#become("half-open");
    this.#probing++;
    return this.#generation;
  }
  /**
   * The verdict on an attempt: true good, false bad, undefined none.
   *
   * @param tookMs how long it was out; one without a verdict still counts as slow when it was
   */
  sample(ticket: Ticket, good: boolean | undefined, tookMs = 0): void {
    if (ticket !== this.#generation) return;
    if (this.#state === "half-open") {
      this.#probing--;
      if (good === true) this.#become("closed");
      else if (good === false) this.#become("open");
      return;
    }
    const slow = tookMs >= (this.#policy.slowMs ?? Number.POSITIVE_INFINITY);
    if (good === true) this.#window.success(CircuitState.Closed, slow);
    else if (good === false) this.#window.failure(CircuitState.Closed, slow);
    else if (slow) this.#window.gaveUp();
    else return;
    if (this.#window.tripped) this.#become("open");
  }
  #become(state: BreakerState): void {
    const from = this.#state;
    this.#state = state;
    this.#generation++;
    this.#probing = 0;
    if (state === "open") this.#until = this.#clock.now() + this.#policy.openMs;
    if (state === "closed") this.#window.reset();
    this.#changed?.(from, state);
  }
}

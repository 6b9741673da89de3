// Guards that protect upstreams and this process, independent of each other: breaker, limit, pool, throttle, backoff,
// deadline. They count, and decide whether work may continue, without access to the work.
import type { Clock } from "../clock.ts";
import type { BreakerState } from "../observer-upstreams.ts";
import { type AddressedClient, FailureRow } from "./failure-row.ts";
import { CLOSED, SlidingWindow, type WindowPolicy } from "./sliding-window.ts";

/** Conditions that stop attempts to an upstream, and the duration of the stop (runtime.md, "Breakers"). */
export interface BreakerPolicy extends WindowPolicy {
  /** Duration of the open state, in milliseconds. */
  readonly openMs: number;
  /** Maximum number of running attempts while half-open. */
  readonly probes: number;
  /** Duration in milliseconds from which an attempt is slow, whatever its outcome. Undefined: no attempt is slow. */
  readonly slowMs?: number | undefined;
  /** Number of calls that fail in a row and open it while samples are few. Default: 5; 0: no number does. */
  readonly consecutive?: number | undefined;
}

/** Proof that an attempt was admitted, and in which period of the breaker's life. */
export type Ticket = number;

/**
 * The circuit breaker of one upstream. The state machine is ours, around a strategy of cockatiel's kind. cockatiel's
 * own policy makes callers wait while half-open, and takes a cancelled probe for a success.
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
  readonly #row: FailureRow;

  /** @param client that of the upstream: a row of failures at one of several addresses does not open it */
  constructor(
    policy: BreakerPolicy,
    clock: Clock,
    changed?: (from: BreakerState, to: BreakerState) => void,
    client: AddressedClient = {},
  ) {
    this.#policy = policy;
    this.#clock = clock;
    this.#changed = changed;
    this.#window = new SlidingWindow(policy, clock);
    this.#row = new FailureRow(policy.consecutive, clock, client);
  }
  get state(): BreakerState {
    return this.#state;
  }
  /**
   * Time until an attempt is admitted as a probe while the breaker is open, in milliseconds; 0: the next attempt is
   * admitted.
   */
  get probesInMs(): number | undefined {
    return this.#state === "open" ? Math.max(0, this.#until - this.#clock.now()) : undefined;
  }
  /** True if an attempt would be refused now; changes nothing. */
  get refuses(): boolean {
    if (this.#state === "closed") return false;
    return this.#state === "open" ? this.#clock.now() < this.#until : this.#probing >= this.#policy.probes;
  }
  /** Admits an attempt, or refuses it (undefined). The owner of a ticket must `sample` it once. */
  admit(): Ticket | undefined {
    if (this.#state === "closed") return this.#generation;
    if (this.refuses) return undefined;
    if (this.#state === "open") this.#become("half-open");
    this.#probing++;
    return this.#generation;
  }
  /**
   * Records the verdict on an attempt: true good, false bad, undefined none.
   *
   * @param tookMs duration of the attempt; a slow attempt counts as slow even without a verdict
   */
  sample(ticket: Ticket, good: boolean | undefined, tookMs = 0): void {
    if (ticket !== this.#generation) return;
    if (this.#state === "half-open") {
      this.#probing--;
      if (good === true) this.#become("closed");
      else if (good === false) this.#become("open");
      return;
    }
    if (good === true) this.#row.end();
    const slow = tookMs >= (this.#policy.slowMs ?? Number.POSITIVE_INFINITY);
    if (good === true) this.#window.success(CLOSED, slow);
    else if (good === false) this.#window.failure(CLOSED, slow);
    else if (slow) this.#window.gaveUp();
    else return;
    if (this.#window.tripped) this.#become("open");
  }
  /** Position in the row of failed calls. A call that begins now has it. */
  get position(): number {
    return this.#row.position;
  }
  /**
   * Records a call whose last attempt, already sampled, did not reach the upstream or had no answer in time. Such calls
   * in a row open the breaker while the window has less than the minimum of samples.
   *
   * @param ticket that of the last attempt
   * @param position that at the call's begin
   * @param address that of the last attempt; undefined: no address could take it
   */
  callFailed(ticket: Ticket, position: number, address: string | undefined): void {
    if (ticket !== this.#generation || this.#state !== "closed") return;
    if (this.#window.state.samples < this.#policy.minimum && this.#row.record(position, address)) this.#become("open");
  }
  #become(state: BreakerState): void {
    const from = this.#state;
    this.#state = state;
    this.#generation++;
    this.#probing = 0;
    if (state === "open") this.#until = this.#clock.now() + this.#policy.openMs;
    if (state === "closed") this.#window.reset();
    this.#row.end();
    this.#changed?.(from, state);
  }
}

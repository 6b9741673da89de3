import type { Clock, Timer } from "../clock.ts";

/**
 * Returns the part of a budget that is reserved for composing the answer, when no call may run any more; all in
 * milliseconds.
 */
function marginMs(budgetMs: number): number {
  return Math.min(Math.max(budgetMs / 10, 5), 200, budgetMs / 2);
}

/** Returns the time that calls may take in a method of this timeout, if nothing else has used time. */
export function callBudgetMs(methodMs: number): number {
  return methodMs - marginMs(methodMs);
}

/** Returns the budget of a request: the method's timeout, or the client's if that is shorter. */
export function budgetMs(methodMs: number, clientMs: number | undefined): number {
  return clientMs === undefined ? methodMs : Math.min(methodMs, clientMs);
}

interface Expiring {
  expire(): void;
}

/** The budget of a request, or of its first answer, with the timer for its end. */
export class RequestBudget {
  /** Time on the clock after which no call is sent, and none waits. */
  readonly callsUntil: number;
  /** Time for calls, in milliseconds, if the client had set no deadline, and no time had passed. */
  readonly fullMs: number;
  readonly methodMs: number;
  /** Time that is reserved for composing after the last call, in milliseconds. */
  readonly marginMs: number;
  readonly #clock: Clock;
  readonly #leftMs: number;
  #timer: Timer | undefined;

  /** @param clientMs time that the client's deadline leaves; undefined: it has none */
  constructor(clock: Clock, methodMs: number, clientMs: number | undefined) {
    const wholeMs = budgetMs(methodMs, clientMs);
    this.#leftMs = callBudgetMs(wholeMs);
    this.callsUntil = clock.now() + this.#leftMs;
    this.fullMs = callBudgetMs(methodMs);
    this.methodMs = methodMs;
    this.marginMs = wholeMs - this.#leftMs;
    this.#clock = clock;
  }
  /** Expires the work at the end of the budget, unless `stop` is called before. */
  start(work: Expiring): void {
    this.#timer = this.#clock.setTimeout(expire, this.#leftMs, work);
  }
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
const expire = (work: Expiring): void => work.expire();

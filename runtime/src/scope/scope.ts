// Scopes: the tree of running work of a request. A failure or an expired budget of a scope cancels everything inside of it.
import { type Failure, OVER } from "../failure.ts";
import { enterList, leaveList, type Slotted } from "./slots.ts";

/** Something that a scope can stop. Each calls `leave` itself when it has ended. */
export interface Running extends Slotted {
  /** Stops the work, because its result is no longer needed. */
  cancel(): void;
  /** The budget is used up. */
  expire(): void;
  /** Makes the work critical, because a waiter now requires its result. */
  urge?(): void;
}

/** How urgent a failure is while guards are pending: the lowest is reported. Guards have their place in the declared order. */
export const Rank = {
  /** Failure of an `on_error` rule. */
  RULE: Number.MAX_SAFE_INTEGER,
  /** Any other failure. */
  STEP: Number.POSITIVE_INFINITY,
} as const;

/** How long something may take. */
export interface Budget {
  /** No call is sent, and none waits, after this moment of the clock; in milliseconds. */
  readonly callsUntil: number;
  /** How long calls could run if the client had set no deadline, and nothing else had used time; in milliseconds. */
  readonly fullMs: number;
  /** The timeout of what is served; in milliseconds. */
  readonly methodMs: number;
}

/**
 * Work that fails together and is cancelled together: a whole response, or a part of it. A failure is held back while
 * guards in the scope are pending, since no status may leave before theirs.
 */
export class Scope implements Running {
  slot = 0;
  /**
   * Budget of this scope, or of a scope around it, that is smaller than the request's. The owner of the budget calls
   * `expire`.
   */
  readonly budget: Budget | undefined;
  readonly #parent: Scope | undefined;
  readonly #failed: (failure: Failure) => void;
  readonly #running: Running[] = [];
  #over = false;
  #guards = 0;
  #effects = 0;
  #failure: Failure | undefined;
  #rank: number = Rank.STEP;
  #held: Set<Failure> | undefined; // all that have failed it while guards are pending
  #waiting: (() => void)[] | undefined; // for the end of its guards

  constructor(parent: Scope | undefined, failed: (failure: Failure) => void, budget?: Budget) {
    this.budget = budget ?? parent?.budget;
    this.#parent = parent;
    this.#failed = failed;
    if (parent?.over) this.#over = true;
    else parent?.enter(this);
  }
  /** True if it has ended, or is about to end with a scope around it. */
  get over(): boolean {
    return this.#over || this.#parent?.over === true;
  }
  get guards(): number {
    return this.#guards;
  }
  /** True if nothing in it delays an answer. */
  get idle(): boolean {
    return this.#guards === 0 && this.#effects === 0;
  }
  /** True if it has failed, even if a pending guard holds the failure back. */
  get doomed(): boolean {
    return this.#over || this.#failure !== undefined || this.#parent?.doomed === true;
  }
  /** Reports whether it, or a scope around it, has failed with this, and a pending guard holds that back. */
  holdsBack(failure: Failure): boolean {
    return this.#held?.has(failure) === true || this.#parent?.holdsBack(failure) === true;
  }
  enter(running: Running): void {
    enterList(this.#running, running);
  }
  leave(running: Running): void {
    leaveList(this.#running, running);
  }
  /** Fails the scope, at once or when no guard in it is pending. */
  fail(failure: Failure, rank: number = Rank.STEP): void {
    if (this.#over) return;
    if (this.#failure === undefined || rank < this.#rank) {
      this.#failure = failure;
      this.#rank = rank;
    }
    if (this.#guards === 0) this.#fail(this.#failure);
    else if (failure !== OVER) {
      this.#held ??= new Set();
      this.#held.add(failure);
    }
  }
  guardBegins(): void {
    this.#guards++;
    this.#parent?.guardBegins();
  }
  /** Calls back once no guard in it is pending, after a failure that guards have held back. */
  afterGuards(run: () => void): void {
    if (this.#guards === 0) run();
    else this.#waiting = [...(this.#waiting ?? []), run];
  }
  guardEnds(): void {
    this.#guards--;
    if (this.#guards === 0 && this.#failure !== undefined && !this.#over) this.#fail(this.#failure);
    if (this.#guards === 0) for (const run of this.#waiting?.splice(0) ?? []) run();
    this.#parent?.guardEnds();
  }
  effectBegins(): void {
    this.#effects++;
    this.#parent?.effectBegins();
  }
  effectEnds(): void {
    this.#effects--;
    this.#parent?.effectEnds();
  }
  /** Stops whatever is still running. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parent?.leave(this);
    for (const running of this.#running.splice(0)) running.cancel();
  }
  cancel(): void {
    if (this.#over) return;
    this.end();
    this.#failed(OVER);
  }
  expire(): void {
    for (const running of [...this.#running]) running.expire();
  }
  #fail(failure: Failure): void {
    this.end();
    this.#failed(failure);
  }
}

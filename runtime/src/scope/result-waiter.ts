import { type Failure, OVER, timedOut } from "../failure.ts";
import type { Cause } from "./causes.ts";
import type { Running, Scope } from "./scope.ts";
import type { Sink } from "./sink.ts";

/** A result that several scopes wait for. */
export interface ResultWaiterOwner<T> {
  /** Called when a waiter leaves although the work for its result continues. */
  left(waiting: ResultWaiter<T>): void;
}

/** One wait for a shared result, in a separate scope. */
export class ResultWaiter<T> implements Running, Sink<T> {
  slot = 0;
  /** Among those who wait for the same, where they are in a list. */
  place = 0;
  /** True if its own time was over. */
  expired = false;
  #ended = false;
  readonly #method: string;
  readonly #scope: Scope;
  readonly #sink: Sink<T>;
  readonly #for: ResultWaiterOwner<T>;

  /** @param method what it waits for an answer of */
  constructor(method: string, scope: Scope, sink: Sink<T>, awaited: ResultWaiterOwner<T>) {
    this.#method = method;
    this.#scope = scope;
    this.#sink = sink;
    this.#for = awaited;
    scope.enter(this);
  }
  resolve(value: T, cause?: Cause): void {
    if (this.#end()) this.#sink.resolve(value, cause);
  }
  reject(failure: Failure): void {
    if (this.#end()) this.#sink.reject(failure);
  }
  cancel(): void {
    this.leave(OVER);
  }
  /** Waits no longer, for this reason. */
  leave(failure: Failure): void {
    if (!this.#end()) return;
    this.#for.left(this);
    this.#sink.reject(failure);
  }
  expire(): void {
    // The shared result expires by itself, no later, unless this scope has less time than the request.
    if (this.#scope.budget === undefined) return;
    this.expired = true;
    this.leave(timedOut(this.#method, "no answer in time"));
  }
  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#scope.leave(this);
    return true;
  }
}

import { type Failure, OVER } from "../failure.ts";
import type { Cause } from "../scope/causes.ts";
import { ResultWaiter, type ResultWaiterOwner } from "../scope/result-waiter.ts";
import type { Running, Scope } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import type { CallPolicy } from "./policy.ts";

/** The shared calls of one response, by policy and then by method, metadata and bytes. */
export type SharedResults = Map<CallPolicy, Map<string, SharedResult<unknown>>>;

/** The result of one call for several waiters. A result or a failure is kept; a cancelled call has neither. */
export class SharedResult<Res> implements Sink<Res>, ResultWaiterOwner<Res> {
  call: Running | undefined;
  readonly #method: string;
  readonly #waiting = new Set<ResultWaiter<Res>>();
  readonly #forget: () => void;
  #end: ((sink: Sink<Res>) => void) | undefined;

  constructor(method: string, forget: () => void) {
    this.#method = method;
    this.#forget = forget;
  }
  wait(scope: Scope, sink: Sink<Res>): Running | undefined {
    if (this.#end !== undefined) {
      this.#end(sink);
      return undefined;
    }
    const waiting = new ResultWaiter(this.#method, scope, sink, this);
    this.#waiting.add(waiting);
    return waiting;
  }
  left(waiting: ResultWaiter<Res>): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0) return;
    this.#forget();
    if (waiting.expired) this.call?.expire();
    else this.call?.cancel();
  }
  resolve(value: Res, cause?: Cause): void {
    this.#ended((sink) => sink.resolve(value, cause));
  }
  reject(failure: Failure): void {
    if (failure === OVER) this.#forget();
    this.#ended((sink) => sink.reject(failure.forWaiter()));
  }
  #ended(end: (sink: Sink<Res>) => void): void {
    this.#end = end;
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const waiting of all) end(waiting);
  }
}

import { type Failure, OVER } from "../failure.ts";
import type { Cause } from "../scope/causes.ts";
import { type Awaited, Waiting } from "../scope/result-waiter.ts";
import type { Running, Scope } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import type { CallPolicy } from "./policy.ts";

/** The calls of one response that are made once, by policy and then by method, metadata and bytes. */
export type Coalesced = Map<CallPolicy, Map<string, Once<unknown>>>;

/** A call that several wait for. Its end, good or bad, is remembered; one that was cancelled has none. */
export class Once<Res> implements Sink<Res>, Awaited<Res> {
  call: Running | undefined;
  readonly #method: string;
  readonly #waiting = new Set<Waiting<Res>>();
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
    const waiting = new Waiting(this.#method, scope, sink, this);
    this.#waiting.add(waiting);
    return waiting;
  }
  left(waiting: Waiting<Res>): void {
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
    this.#ended((sink) => sink.reject(failure.forOneMore()));
  }
  #ended(end: (sink: Sink<Res>) => void): void {
    this.#end = end;
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const waiting of all) end(waiting);
  }
}

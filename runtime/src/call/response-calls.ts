import { type Failure, OVER } from "../failure.ts";
import { Limit, type ShareRule } from "../guard/limit.ts";
import type { Cause } from "../scope/causes.ts";
import { ResultWaiter, type ResultWaiterOwner } from "../scope/result-waiter.ts";
import type { Running, Scope } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import type { KeptCalls } from "./kept-calls.ts";
import type { CallPolicy } from "./policy.ts";
import type { ResponseMetadata } from "./response-metadata.ts";

/** The shared calls of one response, by policy and then by method, metadata and bytes. */
type SharedResults = Map<CallPolicy, Map<string, SharedResult<unknown>>>;
/**
 * Branches that one request has chosen. It chooses once per upstream, so that all of its calls there go to one side.
 */
type Sides = Map<object, string>;

/** State that the calls of one response share. */
export class ResponseCalls {
  /** True if any call was sent. */
  sent = false;
  /** True if an answer past its ttl was used. */
  stale = false;
  /**
   * Decides the party of the request, its `root`, in fair queues. Undefined: all are one party. A fetch, and an item of
   * a stream, have the party of their request.
   */
  share: ShareRule<never> | undefined;
  /** Answers that its calls may use again; undefined: none. */
  kept: KeptCalls | undefined;
  readonly #concurrent: number;
  readonly #of: ResponseCalls | undefined;
  readonly #after: ResponseCalls | undefined;
  #limits: Map<object, Limit> | undefined;
  #coalesced: SharedResults | undefined;
  #sides: Sides | undefined;
  #received: Map<unknown, ResponseMetadata> | undefined;

  /**
   * @param concurrent maximum number of simultaneous calls to one upstream
   * @param of calls of the response that a fetch was begun for
   * @param after calls of the opening of a stream, for an item of it
   */
  constructor(concurrent: number, of?: ResponseCalls, after?: ResponseCalls) {
    this.#concurrent = concurrent;
    this.#of = of;
    this.#after = after;
    this.share = (of ?? after)?.share;
  }
  /** Records that a call is sent. */
  sends(): void {
    this.sent = true;
    this.#of?.sends();
  }
  /** Returns the limit of this response on one upstream. */
  limitOf(upstream: object): Limit {
    this.#limits ??= new Map();
    let limit = this.#limits.get(upstream);
    if (limit === undefined) {
      limit = new Limit({ concurrent: this.#concurrent, queued: Number.POSITIVE_INFINITY });
      this.#limits.set(upstream, limit);
    }
    return limit;
  }
  get coalesced(): SharedResults {
    this.#coalesced ??= new Map();
    return this.#coalesced;
  }
  get sides(): Sides {
    if (this.#after !== undefined) return this.#after.sides;
    this.#sides ??= new Map();
    return this.#sides;
  }
  /** Metadata of answers whose metadata expressions read, by the decoded message. */
  get received(): Map<unknown, ResponseMetadata> {
    this.#received ??= new Map();
    return this.#received;
  }
  receivedOf(answer: object): ResponseMetadata | undefined {
    return this.#received?.get(answer) ?? this.#after?.receivedOf(answer);
  }
}

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

import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { CallExchange } from "../call/context.ts";
import { RequestHeaders } from "../call/headers.ts";
import { ResponseCalls } from "../call/response-calls.ts";
import type { Clock } from "../clock.ts";
import { type Failure, OVER } from "../failure.ts";
import { RequestBudget } from "../guard/deadline.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { Observer } from "../observer.ts";
import type { Trace } from "../observer-requests.ts";
import { type Cause, Causes } from "../scope/causes.ts";
import { Scope } from "../scope/scope.ts";
import type { PageTokens } from "../sealing/page-tokens.ts";
import { type Chosen, EVERYTHING } from "../selection/selection.ts";
import type { EarlyCharges } from "./charges.ts";
import type { ExpressionBudget } from "./expression-budget.ts";
import { DeferredParts } from "./parts.ts";

/** Properties of a request, and limits of its RPC. */
export interface ExchangeOptions {
  readonly clock: Clock;
  readonly headers: IncomingHeaders;
  /** The method's timeout, in milliseconds. */
  readonly methodMs: number;
  /** The same limits for the rest of the response, if deferred parts may take longer. */
  readonly first?: Pick<ExchangeOptions, "methodMs" | "clientMs"> | undefined;
  /** Time that the client's deadline leaves, in milliseconds. Undefined without a deadline. */
  readonly clientMs: number | undefined;
  /** Maximum number of simultaneous calls to one upstream. */
  readonly concurrent: number;
  readonly observer?: Observer | undefined;
  /** Identity of the cache fetch that this exchange serves, if any. */
  readonly fetch?: object | undefined;
  /** Exchange for which the fetch was begun. */
  readonly of?: Exchange | undefined;
  /** Opening of the stream, for an item. The item sees its failures and answers, and uses its branches to upstreams. */
  readonly after?: Exchange | undefined;
  /** Called when the response has failed. At most once, and not after `end`. */
  readonly failed: (failure: Failure) => void;
}

/** Results of a request's gates: its fields, its page tokens, its place at the door, and its charges. */
class GateResults {
  /** Fields of the answer, once a gate has read the mask. */
  chosen: Chosen;
  /** Tokens of pages, once a gate has checked them. */
  pages: PageTokens | undefined;
  /** Returns the request's place at the server's door, or its place in the queue there. */
  leaveDoor: (() => void) | undefined;
  /** Charges of limits. Undefined if none exist, or after their settlement. */
  charged: EarlyCharges | undefined;

  /**
   * @param of results for the request that a fetch was begun for
   * @param after results for the opening of a stream, for an item
   */
  constructor(of: GateResults | undefined, after: GateResults | undefined) {
    this.chosen = (of ?? after)?.chosen ?? EVERYTHING;
    this.pages = of?.pages;
  }
  /** Leaves the server's door. */
  vacate(): void {
    const { leaveDoor } = this;
    this.leaveDoor = undefined;
    leaveDoor?.();
  }
  /** Returns the charges of limits, because no work was done for the request. */
  refund(): void {
    this.charged?.refund();
    this.charged = undefined;
  }
  /** Ends the charges of a failed request. They are returned if no call was sent. */
  discharge(sent: boolean): void {
    if (!sent) this.refund();
    this.charged?.kept();
    this.charged = undefined;
  }
}

/** State that the scopes of one request share: its budget, its headers, and the fields that failures have touched. */
export class Exchange implements CallExchange {
  readonly clock: Clock;
  readonly budget: RequestBudget;
  readonly headers: RequestHeaders;
  readonly gates: GateResults;
  readonly calls: ResponseCalls;
  /** Scope whose failure is the response's. */
  readonly scope: Scope;
  /** Scope of a first answer, if deferred parts may come later. */
  readonly first: Scope;
  readonly observer: Observer | undefined;
  readonly fetch: object | undefined;
  /** Parent trace of its calls. A fetch uses the trace of the request that began it. */
  trace: Trace | undefined;
  readonly #firstBudget: RequestBudget | undefined;
  readonly #after: Exchange | undefined;
  steps: ExpressionBudget | undefined; // undefined: no expression has taken any
  /** True while an `on_error` rule runs. */
  rescuing = false;
  #parts: DeferredParts | undefined;
  #causes: Causes | undefined;
  #failures: Map<unknown, Failure> | undefined;
  #now: Timestamp | undefined;
  /** By place. */
  #random: Map<string, unknown> | undefined;
  #idle: (() => void) | undefined;

  constructor(options: ExchangeOptions) {
    const { clock, headers, methodMs, first, clientMs, concurrent, observer, fetch, of, after, failed } = options;
    this.clock = clock;
    this.headers = new RequestHeaders(headers);
    this.observer = observer;
    this.fetch = fetch;
    this.#after = after;
    this.trace = (of ?? after)?.trace;
    this.gates = new GateResults(of?.gates, after?.gates);
    this.calls = new ResponseCalls(concurrent, of?.calls, after?.calls);
    if (after?.causes !== undefined) this.#causes = new Causes(after.causes);
    this.budget = new RequestBudget(clock, methodMs, clientMs);
    this.scope = new Scope(undefined, (failure) => {
      this.#release();
      failed(failure);
    });
    this.budget.start(this.scope);
    if (first === undefined) this.first = this.scope;
    else {
      this.#firstBudget = new RequestBudget(clock, first.methodMs, first.clientMs);
      this.first = new Scope(this.scope, (failure) => this.scope.fail(failure), this.#firstBudget);
      this.#firstBudget.start(this.first);
    }
  }
  /** Returns a similar exchange for a fetch of the cache, without a client's deadline or critical steps. */
  detached(fetch: object, clock: Clock): Exchange {
    return new Exchange({
      clock,
      headers: this.headers,
      methodMs: this.budget.methodMs,
      clientMs: undefined,
      concurrent: Number.POSITIVE_INFINITY,
      fetch,
      of: this,
      failed: () => {},
    });
  }
  get over(): boolean {
    return this.scope.over;
  }
  /** Ends the opening of a stream: no work of it is in flight any more. It has no budget until `end`. */
  opened(): void {
    this.#release();
  }
  /** Ends the request, with or without an answer. All running work is cancelled. */
  end(): void {
    this.scope.end();
    this.#release();
  }
  /**
   * Resolves when an answer that is composed in this scope may be sent. Then no guard is pending and no side effect is
   * in flight. It also resolves when the request is over.
   */
  async settled(scope = this.scope): Promise<void> {
    while (!this.over && !scope.idle) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      await drained(); // the work that has just ended may fail the response
    }
  }
  guardEnds(scope: Scope): void {
    scope.guardEnds();
    this.#check();
  }
  /** Delays the answer until this promise ends, which never rejects. */
  hold(scope: Scope, until: Promise<unknown>): void {
    scope.effectBegins();
    until.then(() => this.effectEnds(scope));
  }
  /** Deferred parts that have been announced. */
  get parts(): DeferredParts | undefined {
    return this.#parts;
  }
  defers(): DeferredParts {
    this.#parts ??= new DeferredParts(this);
    return this.#parts;
  }
  effectEnds(scope: Scope): void {
    scope.effectEnds();
    this.#check();
  }

  now(): Timestamp {
    this.#now ??= timestampFromDate(this.clock.date());
    return this.#now;
  }
  /** Returns a random value of this response, made on first use. */
  random<T>(place: string, make: (clock: Clock) => T): T {
    this.#random ??= new Map();
    if (!this.#random.has(place)) this.#random.set(place, make(this.clock));
    return this.#random.get(place) as T;
  }
  drawn(branch: string): number {
    return this.random(`branch ${branch}`, (clock) => clock.random());
  }

  get causes(): Causes | undefined {
    return this.#causes;
  }
  note(of: object, cause: Cause): void {
    this.#causes ??= new Causes();
    this.#causes.note(of, cause);
  }
  /** Records why a step has no value, or a replaced one. */
  noteFailure(of: object, failure: Failure): void {
    if (failure === OVER) return;
    this.note(of, { failure, incomplete: false });
    this.failed(of, failure);
  }
  /** Records the failure of a step, even if it has touched no field. */
  failed(step: object, failure: Failure): void {
    this.#failures ??= new Map();
    this.#failures.set(step, failure);
  }
  failureOf(step: unknown): Failure | undefined {
    return this.#failures?.get(step) ?? this.#after?.failureOf(step);
  }

  #check(): void {
    if (this.first.idle) this.#wake();
  }
  #wake(): void {
    this.#idle?.();
    this.#idle = undefined;
  }
  #release(): void {
    this.budget.stop();
    this.#firstBudget?.stop();
    this.gates.vacate();
    this.#wake();
  }
}

/** Resolves when no microtask is left, because a tick that is queued from a microtask runs then. */
function drained(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}

import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { CallExchange, Sides } from "../call/context.ts";
import { isSendable, unsendable } from "../call/headers.ts";
import { isRequestId, REQUEST_ID } from "../call/request-id.ts";
import type { ResponseMetadata } from "../call/response-metadata.ts";
import type { SharedResults } from "../call/shared-result.ts";
import type { Clock, Timer } from "../clock.ts";
import { type Failure, OVER } from "../failure.ts";
import { budgetMs, callBudgetMs } from "../guard/deadline.ts";
import { Limit, type ShareRule } from "../guard/limit.ts";
import type { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import type { Identify } from "../identity/identify-kind.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { IdentityHeader } from "../identity/propagation/propagator.ts";
import type { Observer } from "../observer.ts";
import type { Trace } from "../observer-requests.ts";
import { type Cause, Causes } from "../scope/causes.ts";
import { type Budget, Scope } from "../scope/scope.ts";
import type { PageTokens } from "../sealing/page-tokens.ts";
import { type Chosen, EVERYTHING } from "../selection/selection.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import type { EarlyCharges } from "./charges.ts";
import type { ExpressionBudget } from "./expression-budget.ts";
import { DeferredParts } from "./parts.ts";

/** Properties of a request, and limits of its RPC. */
export interface ExchangeOptions {
  readonly clock: Clock;
  readonly headers: IncomingHeaders;
  /** The same headers after authentication. Credentials are read only from this request. */
  readonly authentication?: AuthenticatedRequest | undefined;
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

/** State that the scopes of one request share: its budget, its headers, and the fields that failures have touched. */
export class Exchange implements CallExchange {
  readonly clock: Clock;
  /** Time on the clock after which no call is sent, and none waits. */
  readonly callsUntil: number;
  /** Time that is reserved for composing after the last call, in milliseconds. */
  readonly marginMs: number;
  /** True if this request is no retry: only the outermost party retries. */
  readonly mayRetry: boolean;
  /** Scope whose failure is the response's. */
  readonly scope: Scope;
  /** Scope of a first answer, if deferred parts may come later. */
  readonly first: Scope;
  /** Time for calls, in milliseconds, if the client had set no deadline, and no time had passed. */
  readonly fullMs: number;
  readonly methodMs: number;
  readonly headers: IncomingHeaders;
  readonly authentication: AuthenticatedRequest | undefined;
  readonly observer: Observer | undefined;
  readonly fetch: object | undefined;
  /** Fields of the answer, once a gate has read the mask. */
  chosen: Chosen;
  /** Parent trace of its calls. A fetch uses the trace of the request that began it. */
  trace: Trace | undefined;
  /** Tokens of pages, for an RPC with pages. */
  #pages: PageTokens | undefined;
  /** As of `CallExchange`. A fetch, and an item of a stream, have the party of their request. */
  share: ShareRule<never> | undefined;
  /** Returns the request's place at the server's door, or its place in the queue there. */
  leaveDoor: (() => void) | undefined;
  /** True if any call was sent. */
  sent = false;
  /** Charges of limits. Undefined if none exist, or after their settlement. */
  charged: EarlyCharges | undefined;
  readonly #of: Exchange | undefined;
  readonly #after: Exchange | undefined;
  readonly #concurrent: number;
  readonly #limits = new Map<object, Limit>();
  /** Name of a header that an expression has read, and that gRPC cannot carry. */
  unsendable: string | undefined;
  steps: ExpressionBudget | undefined; // undefined: no expression has taken any
  /** True while an `on_error` rule runs. */
  rescuing = false;
  /** True if a value that it has used was served past its ttl. */
  stale = false;
  #timer: Timer | undefined;
  #firstTimer: Timer | undefined;
  #parts: DeferredParts | undefined;
  #causes: Causes | undefined;
  #failures: Map<unknown, Failure> | undefined;
  #coalesced: SharedResults | undefined;
  #sides: Sides | undefined;
  #received: Map<unknown, ResponseMetadata> | undefined;
  #now: Timestamp | undefined;
  /** By place. */
  #random: Map<string, unknown> | undefined;
  #forwarded: OutgoingHeaders | undefined;
  #forwardedFor: readonly string[] | undefined;
  #requestId: string | undefined;
  #identified: OutgoingHeaders | undefined;
  #identifiedFor: OutgoingHeaders | undefined;
  #idle: (() => void) | undefined;

  constructor(options: ExchangeOptions) {
    const {
      clock,
      authentication,
      headers,
      methodMs,
      first,
      clientMs,
      concurrent,
      observer,
      fetch,
      of,
      after,
      failed,
    } = options;
    this.clock = clock;
    this.authentication = authentication;
    this.headers = authentication ?? headers;
    this.observer = observer;
    this.fetch = fetch;
    this.#of = of;
    this.#after = after;
    this.chosen = (of ?? after)?.chosen ?? EVERYTHING;
    this.trace = (of ?? after)?.trace;
    this.share = (of ?? after)?.share;
    if (after?.causes !== undefined) this.#causes = new Causes(after.causes);
    this.#concurrent = concurrent;
    this.mayRetry = !(Number(headers.get("grpc-previous-rpc-attempts")) > 0);
    this.methodMs = methodMs;
    this.fullMs = callBudgetMs(methodMs);
    const wholeMs = budgetMs(methodMs, clientMs);
    const leftMs = callBudgetMs(wholeMs);
    this.marginMs = wholeMs - leftMs;
    this.callsUntil = clock.now() + leftMs;
    this.scope = new Scope(undefined, (failure) => {
      this.#release();
      failed(failure);
    });
    this.#timer = clock.setTimeout(expire, leftMs, this.scope);
    this.first = first === undefined ? this.scope : this.#firstOf(first);
  }
  #firstOf({ methodMs, clientMs }: Pick<ExchangeOptions, "methodMs" | "clientMs">): Scope {
    const leftMs = callBudgetMs(budgetMs(methodMs, clientMs));
    const budget: Budget = { callsUntil: this.clock.now() + leftMs, fullMs: callBudgetMs(methodMs), methodMs };
    const first = new Scope(this.scope, (failure) => this.scope.fail(failure), budget);
    this.#firstTimer = this.clock.setTimeout(expire, leftMs, first);
    return first;
  }
  /** Returns a similar exchange for a fetch of the cache, without a client's deadline or critical steps. */
  detached(fetch: object, clock: Clock): Exchange {
    const { headers, authentication, methodMs } = this;
    const concurrent = Number.POSITIVE_INFINITY;
    return new Exchange({
      clock,
      headers,
      authentication,
      methodMs,
      clientMs: undefined,
      concurrent,
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
  /** Leaves the server's door. */
  vacate(): void {
    const { leaveDoor } = this;
    this.leaveDoor = undefined;
    leaveDoor?.();
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
  guardBegins(scope: Scope): void {
    scope.guardBegins();
  }
  guardEnds(scope: Scope): void {
    scope.guardEnds();
    this.#check();
  }
  /** Delays the answer until this promise ends, which never rejects. */
  hold(scope: Scope, until: Promise<unknown>): void {
    this.effectBegins(scope);
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
  sends(): void {
    this.sent = true;
    this.#of?.sends();
  }
  /** Returns the charges of limits, because no work was done for the request. */
  refund(): void {
    this.charged?.refund();
    this.charged = undefined;
  }
  /** Ends the charges of a failed request. They are returned if no call was sent. */
  discharge(): void {
    if (!this.sent) this.refund();
    this.charged?.kept();
    this.charged = undefined;
  }
  effectBegins(scope: Scope): void {
    scope.effectBegins();
  }
  effectEnds(scope: Scope): void {
    scope.effectEnds();
    this.#check();
  }

  header(name: string): string {
    return name.endsWith("-bin") ? "" : (this.headers.get(name) ?? "");
  }
  /** Returns the same header for use in an outgoing message. */
  headerToSend(name: string): string {
    const value = this.header(name);
    if (!isSendable(value)) this.unsendable = name;
    return value;
  }
  /**
   * Returns the incoming headers of these names, to be passed on.
   *
   * @throws Failure (INVALID_ARGUMENT) for credentials that gRPC cannot carry
   */
  forwarded(names: readonly string[]): OutgoingHeaders | undefined {
    if (names === this.#forwardedFor) return this.#forwarded;
    let found: Record<string, string> | undefined;
    for (const name of names) {
      const value = this.headers.get(name);
      if (value === null || value === "") continue;
      if (!isSendable(value)) {
        if (name === CREDENTIALS) throw unsendable(name); // without them the call would have another caller, or none
        continue;
      }
      found ??= {};
      found[name] = value;
    }
    this.#forwardedFor = names;
    this.#forwarded = found;
    return found;
  }
  identified(headers: OutgoingHeaders | undefined): OutgoingHeaders | undefined {
    // Most calls of a request have the same headers, or none.
    if (headers === this.#identifiedFor && this.#identified !== undefined) return this.#identified;
    if (this.requestId === "") return headers;
    this.#identifiedFor = headers;
    this.#identified = { [REQUEST_ID]: this.requestId, ...headers };
    return this.#identified;
  }
  /** Id of the request; "" if it has none. */
  get requestId(): string {
    this.#requestId ??= requestIdOf(this.headers);
    return this.#requestId;
  }
  identityHeader(how: Identify, service: string): IdentityHeader | undefined {
    const { authentication } = this;
    return authentication?.caller && authentication.propagator?.header(authentication.caller, how, service);
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
  /** Tokens of the request that this exchange serves, once a gate has checked them. */
  get pages(): PageTokens | undefined {
    return this.#pages ?? this.#of?.pages;
  }
  set pages(pages: PageTokens | undefined) {
    this.#pages = pages;
  }
  /** Returns the limit of this response on one upstream. */
  limitOf(upstream: object): Limit {
    let limit = this.#limits.get(upstream);
    if (limit === undefined) {
      limit = new Limit({ concurrent: this.#concurrent, queued: Number.POSITIVE_INFINITY });
      this.#limits.set(upstream, limit);
    }
    return limit;
  }

  /** Calls of this response that are made once. */
  get coalesced(): SharedResults {
    this.#coalesced ??= new Map();
    return this.#coalesced;
  }

  get sides(): Sides {
    if (this.#after !== undefined) return this.#after.sides;
    this.#sides ??= new Map();
    return this.#sides;
  }
  drawn(branch: string): number {
    return this.random(`branch ${branch}`, (clock) => clock.random());
  }

  get received(): Map<unknown, ResponseMetadata> {
    this.#received ??= new Map();
    return this.#received;
  }
  receivedOf(answer: object): ResponseMetadata | undefined {
    return this.#received?.get(answer) ?? this.#after?.receivedOf(answer);
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
    if (this.#timer !== undefined) this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#firstTimer !== undefined) this.clock.clearTimeout(this.#firstTimer);
    this.#firstTimer = undefined;
    this.vacate();
    this.#wake();
  }
}

const CREDENTIALS = "authorization";

function requestIdOf(headers: IncomingHeaders): string {
  const id = headers.get(REQUEST_ID) ?? "";
  return isRequestId(id) ? id : "";
}

/** Resolves when no microtask is left, because a tick that is queued from a microtask runs then. */
function drained(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
const expire = (scope: Scope): void => scope.expire();

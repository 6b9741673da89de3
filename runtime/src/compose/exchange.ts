import type { Message } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { CallExchange, Sides } from "../call/context.ts";
import { isSendable, unsendable } from "../call/headers.ts";
import { isRequestId, REQUEST_ID } from "../call/request-id.ts";
import type { ResponseMetadata } from "../call/response-metadata.ts";
import type { SharedResults } from "../call/shared-result.ts";
import type { Clock, Timer } from "../clock.ts";
import { type Failure, OVER } from "../failure.ts";
import { budgetMs, callBudgetMs } from "../guard/deadline.ts";
import { Limit } from "../guard/limit.ts";
import type { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import type { Identify } from "../identity/identify-kind.ts";
import type { IncomingHeaders } from "../identity/incoming.ts";
import type { IdentityHeader } from "../identity/propagation/propagator.ts";
import type { Observer, Trace } from "../observer.ts";
import { type Cause, Causes } from "../scope/causes.ts";
import { type Budget, Scope } from "../scope/scope.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import { DeferredParts } from "./parts.ts";

/** What a request brings, and what its rpc allows. */
export interface ExchangeOptions {
  readonly clock: Clock;
  readonly headers: IncomingHeaders;
  /** The same, judged: what there is of credentials is read from nothing else. */
  readonly judged?: AuthenticatedRequest | undefined;
  /** The method's own timeout, in milliseconds. */
  readonly methodMs: number;
  /** Where what is deferred may take longer than the rest: the same of the rest. */
  readonly first?: Pick<ExchangeOptions, "methodMs" | "clientMs"> | undefined;
  /** What the client leaves us, in milliseconds, if it says. */
  readonly clientMs: number | undefined;
  /** Calls to one upstream at a time. */
  readonly concurrent: number;
  readonly observer?: Observer | undefined;
  /** What it is, where it is a fetch of the cache. */
  readonly fetch?: object | undefined;
  /** For whom that was begun. */
  readonly of?: Exchange | undefined;
  /** Of an item of a stream: its opening, whose failures and answers this one sees, and whose ways to upstreams it goes. */
  readonly after?: Exchange | undefined;
  /** The response has failed. Called at most once, and not after `end`. */
  readonly failed: (failure: Failure) => void;
}

/** What a request was charged before it was composed. */
export interface EarlyCharges {
  /** Gives it back. */
  refund(): void;
  /** With what it has cost after all. */
  answered(response: Message): void;
}

/** What the scopes of one request share: its budget, its headers, and what failures have touched. */
export class Exchange implements CallExchange {
  readonly clock: Clock;
  /** No call is sent, and none waits, after this moment of the clock. */
  readonly callsUntil: number;
  /** What is kept for composing when no call may run any more, in milliseconds. */
  readonly marginMs: number;
  /** Whether this request is itself no retry: only the outermost party retries. */
  readonly mayRetry: boolean;
  /** The scope whose failure is the response's. */
  readonly scope: Scope;
  /** What a first answer is composed in, where deferred parts of it may come later. */
  readonly first: Scope;
  /** How long calls could run if the client had set no deadline, and nothing else had used time. */
  readonly fullMs: number;
  readonly methodMs: number;
  readonly headers: IncomingHeaders;
  readonly judged: AuthenticatedRequest | undefined;
  readonly observer: Observer | undefined;
  readonly fetch: object | undefined;
  /** What its calls are told to be part of: of a fetch, what those of the request that began it are. */
  trace: Trace | undefined;
  /** Whether any call has gone out. */
  sent = false;
  /** What limits have charged; undefined: nothing, or it is settled. */
  charged: EarlyCharges | undefined;
  readonly #of: Exchange | undefined;
  readonly #after: Exchange | undefined;
  readonly #concurrent: number;
  readonly #limits = new Map<object, Limit>();
  /** A header that an expression has read, and that gRPC cannot carry. */
  unsendable: string | undefined;
  /** While an `on_error` rule is being asked. */
  rescuing = false;
  /** Whether something that it has used was served past its ttl. */
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
  /** "": it has none. */
  #requestId: string | undefined;
  #identified: OutgoingHeaders | undefined;
  #identifiedFor: OutgoingHeaders | undefined;
  #idle: (() => void) | undefined;

  constructor(options: ExchangeOptions) {
    const { clock, judged, headers, methodMs, first, clientMs, concurrent, observer, fetch, of, after, failed } =
      options;
    this.clock = clock;
    this.judged = judged;
    this.headers = judged ?? headers;
    this.observer = observer;
    this.fetch = fetch;
    this.#of = of;
    this.#after = after;
    this.trace = (of ?? after)?.trace;
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
  /** One that looks like this one, for a fetch of the cache: its client sets no deadline, and nothing in it is critical. */
  detached(fetch: object, clock: Clock): Exchange {
    const { headers, judged, methodMs } = this;
    const concurrent = Number.POSITIVE_INFINITY;
    return new Exchange({
      clock,
      headers,
      judged,
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
  /** Of the opening of a stream: nothing of it is under way any more, and it stays without a budget until `end`. */
  opened(): void {
    this.#release();
  }
  /** Ends the request, with an answer or because nobody wants one: whatever runs is stopped. */
  end(): void {
    this.scope.end();
    this.#release();
  }
  /**
   * Resolves when an answer may leave that is composed in this scope: no guard is pending and no side effect is under way; also when the
   * request is over.
   */
  async settled(scope = this.scope): Promise<void> {
    while (!this.over && !scope.idle) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      await drained(); // what has just ended may fail the response
    }
  }
  guardBegins(scope: Scope): void {
    scope.guardBegins();
  }
  guardEnds(scope: Scope): void {
    scope.guardEnds();
    this.#check();
  }
  /** An answer waits for this, which never rejects. */
  hold(scope: Scope, until: Promise<unknown>): void {
    this.effectBegins(scope);
    until.then(() => this.effectEnds(scope));
  }
  /** Its parts that are deferred, as far as they have been announced. */
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
  /** Gives back what limits have charged: nothing was done for the request. */
  refund(): void {
    this.charged?.refund();
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
  /** The same, for what is going to be sent. */
  headerToSend(name: string): string {
    const value = this.header(name);
    if (!isSendable(value)) this.unsendable = name;
    return value;
  }
  /**
   * The incoming headers of these names, to be passed on.
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
        if (name === CREDENTIALS) throw unsendable(name); // without them the call would be somebody else's, or nobody's
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
    this.#requestId ??= requestIdOf(this.headers);
    if (this.#requestId === "") return headers;
    this.#identifiedFor = headers;
    this.#identified = { [REQUEST_ID]: this.#requestId, ...headers };
    return this.#identified;
  }
  identityHeader(how: Identify, service: string): IdentityHeader | undefined {
    const { judged } = this;
    return judged?.caller && judged.propagator?.header(judged.caller, how, service);
  }
  now(): Timestamp {
    this.#now ??= timestampFromDate(this.clock.date());
    return this.#now;
  }
  /** A random value of this response, made when it is first asked for. */
  random<T>(place: string, make: (clock: Clock) => T): T {
    this.#random ??= new Map();
    if (!this.#random.has(place)) this.#random.set(place, make(this.clock));
    return this.#random.get(place) as T;
  }
  /** The limit of this response on one upstream. */
  limitOf(upstream: object): Limit {
    let limit = this.#limits.get(upstream);
    if (limit === undefined) {
      limit = new Limit({ concurrent: this.#concurrent, queued: Number.POSITIVE_INFINITY });
      this.#limits.set(upstream, limit);
    }
    return limit;
  }

  /** The calls of this response that are made once. */
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
  /** Remembers why a step has no value, or not its own. */
  noteFailure(of: object, failure: Failure): void {
    if (failure === OVER) return;
    this.note(of, { failure, incomplete: false });
    this.failed(of, failure);
  }
  /** Remembers what a step has failed with, whether or not that has touched anything. */
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
    this.#wake();
  }
}

const CREDENTIALS = "authorization";

function requestIdOf(headers: IncomingHeaders): string {
  const id = headers.get(REQUEST_ID) ?? "";
  return isRequestId(id) ? id : "";
}

/** Resolves when no microtask is left: a tick that is queued from a microtask runs then. */
function drained(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
const expire = (scope: Scope): void => scope.expire();

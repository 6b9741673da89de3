import type { Ticket } from "./breaker.ts";
import { callFailure, verdictOn } from "./classify.ts";
import type { Timer } from "./clock.ts";
import { asFailure, breakerOpen, Code, type Failure, limited, OVER, timedOut } from "./failure.ts";
import { type Metadata, withMetadata } from "./headers.ts";
import type { Limit, Waiter } from "./limit.ts";
import type { CallEvent } from "./observer.ts";
import type { PoolWaiter } from "./pool.ts";
import type { Request } from "./request.ts";
import { type Backoff, retries, startBackoff } from "./retry.ts";
import type { Running } from "./scope.ts";
import { PREFIX_BYTES } from "./transport/frame.ts";
import type { Fault, InFlight, OutgoingHeaders, Reply } from "./transport/unary-client.ts";
import type { Rpc } from "./upstream.ts";

/** Where a call's end goes; a promise's resolvers fit. */
export interface Sink<T> {
  resolve(value: T): void;
  reject(failure: Failure): void;
}

/** With less than this left, in milliseconds, nothing is sent. */
const LEAST_MS = 1;
/** An upstream that resets the stream this close to the deadline does so because of it. */
const NEAR_MS = 2;

/**
 * One guarded call, as a state machine: pools of the response → [ breaker → limits → breaker again → attempt ] → backoff → again.
 * One object with no closures, since there are several for each request.
 */
export class Call<Req, Res> implements Reply, Waiter, PoolWaiter, Running {
  slot = 0;
  ended = false;
  readonly #cx: Request<unknown>;
  readonly #rpc: Rpc<Req, Res>;
  readonly #sink: Sink<Res>;
  readonly #effect: boolean;
  readonly #frame: Buffer;
  readonly #headers: OutgoingHeaders | undefined;
  readonly #limits: readonly Limit[];
  readonly #startedAt: number;
  readonly #deadline: number;
  #timer: Timer | undefined;
  #leavePools: (() => void)[] | undefined;
  #held = 0; // of the limits, from the first
  #waitingFor: Limit | undefined;
  #ticket: Ticket | undefined;
  #inFlight: InFlight | undefined;
  #attempts = 0;
  #sentAt = 0;
  #resent = false;
  #backoff: Backoff | undefined;
  #pause: Timer | undefined;
  #last: Failure | undefined;

  private constructor(
    cx: Request<unknown>,
    rpc: Rpc<Req, Res>,
    request: Req,
    effect: boolean,
    metadata: Metadata | undefined,
    sink: Sink<Res>,
  ) {
    const { exchange } = cx;
    const { upstream } = rpc;
    this.#cx = cx;
    this.#rpc = rpc;
    this.#sink = sink;
    this.#effect = effect;
    this.#frame = rpc.codec.encode(request);
    const forwarded = exchange.forwarded(rpc.forward);
    this.#headers = metadata === undefined ? forwarded : withMetadata(forwarded, metadata);
    const limits = [exchange.limitOf(upstream)];
    if (rpc.limit !== undefined) limits.push(rpc.limit);
    if (upstream.limit !== undefined) limits.push(upstream.limit);
    this.#limits = limits;
    this.#startedAt = upstream.clock.now();
    this.#deadline = Math.min(this.#startedAt + rpc.timeoutMs, exchange.callsUntil);
  }

  /**
   * Starts a call in the scope of `cx`. Its end goes to the sink, perhaps before this returns.
   *
   * @param effect once sent, only its own deadline stops it
   */
  static start<Req, Res>(
    cx: Request<unknown>,
    rpc: Rpc<Req, Res>,
    request: Req,
    effect: boolean,
    metadata: Metadata | undefined,
    sink: Sink<Res>,
  ): Running | undefined {
    if (effect ? cx.scope.doomed : cx.scope.over) {
      sink.reject(OVER);
      return undefined;
    }
    let call: Call<Req, Res>;
    try {
      call = new Call(cx, rpc, request, effect, metadata, sink);
    } catch (thrown) {
      sink.reject(asFailure(thrown)); // the request cannot be encoded
      return undefined;
    }
    call.#start();
    return call;
  }

  #start(): void {
    const { exchange, scope } = this.#cx;
    scope.enter(this);
    if (this.#effect) exchange.effectBegins();
    const left = this.#deadline - this.#startedAt;
    if (left < LEAST_MS) {
      this.expire();
      return;
    }
    // The budget of the request has a timer of its own, which no longer counts for an effect once the response is over.
    if (this.#effect || this.#deadline < exchange.callsUntil) {
      this.#timer = this.#rpc.upstream.clock.setTimeout(expire, left, this);
    }
    this.#enterPools();
  }
  #enterPools(): void {
    const next = this.#cx.pools[this.#leavePools?.length ?? 0];
    if (next === undefined) this.#try();
    else next.enter(this);
  }
  entered(leave: () => void): void {
    if (this.#leavePools === undefined) this.#leavePools = [leave];
    else this.#leavePools.push(leave);
    this.#enterPools();
  }

  #try(): void {
    const { upstream } = this.#rpc;
    if (this.#deadline - upstream.clock.now() < LEAST_MS) {
      this.expire();
      return;
    }
    if (upstream.breaker?.refuses) {
      this.#fail(breakerOpen(upstream.service));
      return;
    }
    this.#enterLimits();
  }
  #enterLimits(): void {
    for (; ; this.#held++) {
      const limit = this.#limits[this.#held];
      if (limit === undefined) {
        this.#send();
        return;
      }
      const entry = limit.enter(this);
      if (entry === "wait") {
        this.#waitingFor = limit;
        return;
      }
      if (entry === "full") {
        this.#fail(limited(this.#rpc.upstream.service));
        return;
      }
    }
  }
  admitted(): void {
    this.#waitingFor = undefined;
    this.#held++;
    this.#enterLimits();
  }
  #send(): void {
    const { upstream, path } = this.#rpc;
    const now = upstream.clock.now();
    const left = this.#deadline - now;
    if (left < LEAST_MS) {
      this.expire();
      return;
    }
    if (this.#effect && this.#attempts === 0) {
      if (this.#cx.scope.doomed) {
        this.#fail(OVER);
        return;
      }
      this.#cx.scope.leave(this);
    }
    if (upstream.breaker !== undefined) {
      this.#ticket = upstream.breaker.admit();
      if (this.#ticket === undefined) {
        this.#fail(breakerOpen(upstream.service));
        return;
      }
    }
    this.#attempts++;
    this.#sentAt = now;
    try {
      this.#inFlight = upstream.client.send(path, this.#frame, left, this.#headers, this.#attempts, this);
    } catch (error) {
      queueMicrotask(() => this.faulted({ kind: "unsendable", code: Code.INTERNAL, message: String(error) }));
    }
  }

  replied(message: Uint8Array): void {
    if (this.ended) return;
    let value: Res;
    try {
      value = this.#rpc.codec.decode(message);
    } catch (error) {
      this.faulted({ kind: "invalid", code: Code.INTERNAL, message: String(error) });
      return;
    }
    this.#inFlight = undefined;
    this.#close(true);
    this.#rpc.upstream.throttle.succeeded();
    this.#end();
    this.#sink.resolve(value);
    this.#observe({ ok: true, message });
  }
  faulted(fault: Fault): void {
    if (this.ended) return;
    this.#inFlight = undefined;
    if (fault.kind === "unprocessed" && !this.#resent) {
      // The upstream never saw it: once more at once, which is no retry (gRFC A6, transparent retries).
      this.#resent = true;
      this.#attempts--;
      this.#close(undefined);
      this.#try();
      return;
    }
    if (fault.kind === "transport" && fault.code === Code.CANCELLED && this.#left() < NEAR_MS) {
      this.#close(this.#hadFairTime() ? false : undefined);
      this.#fail(timedOut(this.#rpc.upstream.service, fault.message));
      return;
    }
    this.#close(verdictOn(fault, this.#hadFairTime()));
    const failure = callFailure(fault, this.#rpc.upstream.service);
    const pauseMs = this.#pauseBefore(fault, failure);
    if (pauseMs === undefined) {
      this.#fail(failure);
      return;
    }
    this.#last = failure;
    this.#pause = this.#rpc.upstream.clock.setTimeout(again, pauseMs, this);
  }
  /** How long to wait before the next attempt; undefined when there is to be none. */
  #pauseBefore(fault: Fault, failure: Failure): number | undefined {
    const { retry, upstream } = this.#rpc;
    if (retry === undefined || !retries(retry, failure, this.#cx)) return undefined;
    upstream.throttle.failed();
    if (this.#attempts >= retry.attempts || !upstream.throttle.allows || !this.#cx.exchange.mayRetry) return undefined;
    let pauseMs = fault.pushbackMs;
    if (pauseMs === undefined) {
      this.#backoff = this.#backoff?.next(undefined) ?? startBackoff(retry, upstream.clock);
      pauseMs = this.#backoff.duration;
    } else this.#backoff = undefined;
    return pauseMs >= 0 && pauseMs + LEAST_MS <= this.#left() ? pauseMs : undefined;
  }
  again(): void {
    this.#pause = undefined;
    this.#try();
  }

  expire(): void {
    if (this.ended) return;
    this.#inFlight?.cancel();
    if (this.#ticket !== undefined) this.#close(this.#hadFairTime() ? false : undefined);
    // Between attempts it is the last one that tells why there is no answer.
    const between = this.#last !== undefined && this.#inFlight === undefined && this.#waitingFor === undefined;
    this.#fail(between && this.#last ? this.#last : timedOut(this.#rpc.upstream.service, "no answer in time"));
  }
  cancel(): void {
    if (this.ended) return;
    this.#inFlight?.cancel();
    this.#close(undefined);
    this.#fail(OVER);
  }

  #left(): number {
    return this.#deadline - this.#rpc.upstream.clock.now();
  }
  /**
   * Whether the attempt had the time that it would have had without the client's own deadline and without what earlier steps
   * used; only then does its timeout say something about the upstream.
   */
  #hadFairTime(): boolean {
    const { timeoutMs } = this.#rpc;
    const { fullMs, methodMs } = this.#cx.exchange;
    const fair = timeoutMs === Number.POSITIVE_INFINITY ? methodMs / 2 : Math.min(timeoutMs, fullMs);
    return this.#deadline - this.#sentAt >= fair - LEAST_MS;
  }
  /** Closes an attempt: the breaker has its verdict, and the places in the limits are free. */
  #close(good: boolean | undefined): void {
    if (this.#ticket !== undefined) this.#rpc.upstream.breaker?.sample(this.#ticket, good);
    this.#ticket = undefined;
    while (this.#held > 0) this.#limits[--this.#held]?.release();
  }
  #fail(failure: Failure): void {
    this.#end();
    this.#sink.reject(failure);
    this.#observe({ ok: false, failure });
  }
  #end(): void {
    this.ended = true;
    const { clock } = this.#rpc.upstream;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    if (this.#pause !== undefined) clock.clearTimeout(this.#pause);
    this.#waitingFor?.leave(this);
    this.#close(undefined);
    if (this.#leavePools !== undefined) for (const leave of this.#leavePools) leave();
    this.#cx.scope.leave(this);
    if (this.#effect) this.#cx.exchange.effectEnds();
  }
  #observe(outcome: CallEvent["outcome"]): void {
    const { upstream, method } = this.#rpc;
    const { exchange, root } = this.#cx;
    upstream.observer?.call?.({
      request: root,
      header: (name) => exchange.header(name),
      service: upstream.service,
      method,
      message: this.#frame.subarray(PREFIX_BYTES),
      startedAt: this.#startedAt,
      endedAt: upstream.clock.now(),
      attempts: this.#attempts,
      outcome,
    });
  }
}

interface Timed {
  expire(): void;
  again(): void;
}
const expire = (call: Timed): void => call.expire();
const again = (call: Timed): void => call.again();

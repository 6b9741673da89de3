import type { Timer } from "../clock.ts";
import type { Failure, Fault } from "../failure.ts";
import { Code, cutAtDeadline, lateVerdict, masked, OVER, timedOut, verdictOn } from "../failure.ts";
import { Hedging } from "../guard/budgets.ts";
import { isUnreachable } from "../guard/failure-row.ts";
import { hasPlace, type Places, type Share } from "../guard/limit.ts";
import type { PoolWaiter } from "../guard/pool.ts";
import { Retrying, retries } from "../guard/retry.ts";
import type { CallEvent } from "../observer-calls.ts";
import type { Trace } from "../observer-requests.ts";
import type { Running } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import type { InFlight } from "../transport/unary-client.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";
import { Attempt, type AttemptOwner, Attempts, LEAST_MS, MetadataAttempt } from "./attempt.ts";
import { mirrorsOf } from "./branches.ts";
import { callFailure } from "./call-failure.ts";
import { limitsOf } from "./call-limits.ts";
import { budgetOf, type CallContext } from "./context.ts";
import { MirroredCall } from "./mirror/mirrored-call.ts";
import type { OutgoingCall } from "./outgoing-call.ts";
import type { Rpc } from "./upstream.ts";

/**
 * One guarded call, as a state machine: pools of the response → attempt, and hedges beside it → backoff → again.
 * No closures, since there are several calls for each request.
 */
export class Call<Res> implements AttemptOwner, PoolWaiter, Running {
  slot = 0;
  ended = false;
  readonly headers: OutgoingHeaders | undefined;
  readonly limits: readonly Places[];
  critical: boolean;
  deadline: number;
  before: InFlight | undefined;
  readonly #cx: CallContext;
  readonly #rpc: Rpc<never, Res>;
  readonly #sink: Sink<Res>;
  readonly #effect: boolean;
  readonly #startedAt: number;
  #timer: Timer | undefined;
  #leavePools: (() => void)[] | undefined;
  readonly #attempts: Attempts;
  readonly #outgoing: OutgoingCall;
  #retrying: Retrying | undefined; // from the first fault
  #hedging: Hedging | undefined;
  #mirrored: MirroredCall | undefined;

  private constructor(cx: CallContext, rpc: Rpc<never, Res>, outgoing: OutgoingCall, effect: boolean, sink: Sink<Res>) {
    const { exchange } = cx;
    const { upstream } = rpc;
    this.#cx = cx;
    this.#rpc = rpc;
    this.#sink = sink;
    this.#effect = effect;
    const identified = exchange.headers.identified(outgoing.headers);
    this.headers = exchange.trace === undefined ? identified : exchange.trace.onCall(this, identified);
    this.#outgoing = outgoing;
    this.#hedging = rpc.hedge && new Hedging();
    this.critical = effect || !cx.supplementary;
    this.limits = limitsOf(exchange.calls.limitOf(upstream), rpc.limit, upstream.limit);
    this.#startedAt = upstream.clock.now();
    this.#attempts = new Attempts(rpc.breaker?.position);
    this.deadline = Math.min(this.#startedAt + rpc.timeoutMs, budgetOf(cx).callsUntil);
  }

  /**
   * Starts a call in the scope of `cx`, which has to be alive. Its end goes to the sink, perhaps before this function
   * returns.
   *
   * @param effect once sent, only its own deadline stops it
   */
  static start<Res>(
    cx: CallContext,
    rpc: Rpc<never, Res>,
    outgoing: OutgoingCall,
    effect: boolean,
    sink: Sink<Res>,
  ): Call<Res> {
    const call = new Call(cx, rpc, outgoing, effect, sink);
    call.#start();
    return call;
  }

  #start(): void {
    const { exchange, scope, root } = this.#cx;
    const { upstream, method } = this.#rpc;
    scope.enter(this);
    if (this.#effect) scope.effectBegins();
    upstream.observer?.callStart?.({
      request: root,
      call: this,
      fetch: exchange.fetch,
      service: upstream.service,
      branch: upstream.branch,
      shard: upstream.shard,
      method,
      startedAt: this.#startedAt,
      trace: exchange.trace,
    });
    const left = this.deadline - this.#startedAt;
    if (left < LEAST_MS) {
      this.expire();
      return;
    }
    // The request's budget has a separate timer, which does not apply to an effect once the response is over.
    if (this.#effect || this.deadline < budgetOf(this.#cx).callsUntil) {
      this.#timer = upstream.clock.setTimeout(expire, left, this);
    }
    this.#enterPools(this.#startedAt);
  }
  #enterPools(now: number): void {
    const next = this.#cx.pools[this.#leavePools?.length ?? 0];
    if (next === undefined) {
      this.#try(false, now);
      // Calls that start together get their places before any gets a second one.
      if (this.#rpc.hedge?.delayMs === 0) queueMicrotask(() => this.#double());
    } else next.enter(this);
  }
  entered(leave: () => void): void {
    if (this.#leavePools === undefined) this.#leavePools = [leave];
    else this.#leavePools.push(leave);
    this.#enterPools(this.#rpc.upstream.clock.now());
  }

  #try(hedge: boolean, now: number): void {
    if (this.deadline - now < LEAST_MS) {
      this.expire();
      return;
    }
    const attempt = this.#attempt(hedge);
    this.#attempts.add(attempt);
    attempt.begin(now);
  }
  #attempt(hedge: boolean): Attempt {
    return this.#rpc.received ? new MetadataAttempt(this, this.#rpc, hedge) : new Attempt(this, this.#rpc, hedge);
  }
  get frame(): Uint8Array {
    return this.#outgoing.frame;
  }
  get trace(): Trace | undefined {
    return this.#cx.exchange.trace;
  }
  get share(): Share | undefined {
    return this.#cx.exchange.calls.share?.of(this.#cx.root as never);
  }
  get forbidden(): Failure | undefined {
    if (this.#effect) return this.#attempts.sent === 0 && this.#cx.scope.doomed ? OVER : undefined;
    return this.#cx.scope.over ? OVER : undefined;
  }
  goes(now: number): number {
    if (this.#attempts.sent === 0) this.#cx.exchange.calls.sends();
    if (this.#effect && this.#attempts.sent === 0) this.#cx.scope.leave(this);
    const { hedge, upstream } = this.#rpc;
    if (hedge !== undefined && hedge.delayMs > 0) {
      if (this.#attempts.sent === 0) upstream.hedges.earn(hedge.budget);
      if (this.#hedging?.timer === undefined) this.#hedgeAfter(hedge.delayMs, now);
    }
    return ++this.#attempts.sent;
  }
  sent(now: number): void {
    const { mirrors } = this.#rpc;
    this.#mirrored ??= mirrors && new MirroredCall(this.#rpc, mirrorsOf(this.#cx, mirrors), this, now);
  }
  refused(attempt: Attempt, failure: Failure): void {
    this.#attempts.close(attempt, undefined, "refused");
    const hedging = this.#hedging;
    if (attempt.hedge && hedging !== undefined) {
      hedging.count--;
      if (this.#rpc.hedge?.delayMs !== 0) this.#rpc.upstream.hedges.earn(1); // it was not sent
    }
    if (this.#attempts.running.length > 0)
      this.#attempts.free(); // a hedge, or its original: the other goes on
    else this.#fail((attempt.hedge || this.#hedges > 0 ? this.#retrying?.failure : undefined) ?? failure);
  }
  replied(attempt: Attempt, message: Uint8Array): void {
    let value: Res;
    try {
      value = this.#rpc.codec.decode(message);
    } catch (error) {
      this.faulted(attempt, { kind: "invalid", code: Code.INTERNAL, message: String(error) });
      return;
    }
    if (this.#rpc.received && attempt instanceof MetadataAttempt)
      this.#cx.exchange.calls.received.set(value, attempt.received);
    this.#attempts.close(attempt, true, "ok");
    this.#rpc.upstream.throttle.succeeded();
    this.#end();
    this.#sink.resolve(value);
    this.#observe({ ok: true, message });
    this.#mirrored?.answered(message);
    this.#attempts.free();
  }
  faulted(attempt: Attempt, found: Fault): void {
    const fault = this.#rpc.policy.sensitive === true ? masked(found) : found;
    this.#retrying ??= new Retrying();
    const retrying = this.#retrying;
    if (fault.kind === "unprocessed" && !retrying.resent) {
      retrying.resent = true;
      this.#resend(attempt);
      return;
    }
    const { method, upstream } = this.#rpc;
    const fair = this.#hadFairTime(attempt);
    const late = cutAtDeadline(fault, this.#left());
    const failure = late ? timedOut(method, fault.message) : callFailure(fault, method);
    const again = !late && this.#isRetriable(failure);
    if (again || (fault.pushbackMs ?? 0) < 0) upstream.throttle.failed();
    retrying.failure = failure;
    retrying.fault = fault;
    this.#attempts.unreached = (late ? fair : isUnreachable(fault, fair)) ? attempt : undefined;
    this.#attempts.close(attempt, late ? lateVerdict(fair) : verdictOn(fault, fair), fault);
    if (this.#attempts.running.length > 0) this.#hedgingAfter(fault, again);
    else {
      this.#stopHedging();
      const pauseMs = again && this.#hedges === 0 ? this.#pauseBefore(fault, retrying) : undefined;
      if (pauseMs === undefined) this.#fail(failure);
      else retrying.pause = upstream.clock.setTimeout(resume, pauseMs, this);
    }
    this.#attempts.free();
  }
  /** The upstream never processed it, so it is sent again at once. This is no retry (gRFC A6, transparent retries). */
  #resend(attempt: Attempt): void {
    this.#attempts.sent--;
    const next = this.#attempt(attempt.hedge);
    this.#attempts.add(next);
    this.#attempts.close(attempt, undefined, "unprocessed");
    this.#attempts.free();
    if (!this.ended) next.begin(this.#rpc.upstream.clock.now());
  }
  #isRetriable(failure: Failure): boolean {
    const { retry, hedge } = this.#rpc;
    if (retry === undefined) return hedge !== undefined && failure.code === Code.UNAVAILABLE;
    return retries(retry, failure, this.#cx, this.#outgoing.retryIf);
  }
  /** Returns the wait before the next attempt, in milliseconds; undefined: no further attempt. */
  #pauseBefore(fault: Fault, retrying: Retrying): number | undefined {
    const { retry, upstream } = this.#rpc;
    if (retry === undefined || this.#attempts.sent >= retry.attempts) return undefined;
    if (!this.#cx.exchange.headers.mayRetry || !upstream.allows("retry")) return undefined;
    const pauseMs = retrying.pauseMs(fault, retry, upstream.clock);
    return pauseMs >= 0 && pauseMs + LEAST_MS <= this.#left() ? pauseMs : undefined;
  }
  resume(): void {
    if (this.#retrying !== undefined) this.#retrying.pause = undefined;
    this.#try(false, this.#rpc.upstream.clock.now());
  }

  #hedgeAfter(delayMs: number, now: number): void {
    const { hedge, upstream } = this.#rpc;
    const hedging = this.#hedging;
    if (hedge === undefined || hedging === undefined || hedging.count >= hedge.max) return;
    if (!this.#cx.exchange.headers.mayRetry || delayMs + LEAST_MS > this.deadline - now) return;
    hedging.timer = upstream.clock.setTimeout(launch, delayMs, this);
  }
  /** Number of hedges on the wire, waiting for their place, or ended; not those that were refused. */
  get #hedges(): number {
    return this.#hedging?.count ?? 0;
  }
  launch(): void {
    if (this.#hedging !== undefined) this.#hedging.timer = undefined;
    if (this.#attempts.running.length > 0 && this.#rpc.upstream.allows("hedge")) this.#hedge();
  }
  #hedge(): void {
    if (this.#hedging !== undefined) this.#hedging.count++;
    this.#try(true, this.#rpc.upstream.clock.now());
  }
  /** Sends the second of two attempts that leave together, unless it would wait for a place or the upstream fails. */
  #double(): void {
    const isSent = !this.ended && this.#attempts.sent === 1 && this.#attempts.running.length === 1;
    const mayHedge = this.#cx.exchange.headers.mayRetry && this.#rpc.upstream.throttle.allows;
    if (isSent && mayHedge && this.limits.every(hasPlace)) this.#hedge();
  }
  /** Adapts the later hedges to a failure: no change, a delay, or no further hedge (gRFC A6). */
  #hedgingAfter({ pushbackMs }: Fault, again: boolean): void {
    if (again && pushbackMs === undefined) return;
    this.#stopHedging();
    if (again && pushbackMs !== undefined && pushbackMs >= 0)
      this.#hedgeAfter(pushbackMs, this.#rpc.upstream.clock.now());
  }
  #stopHedging(): void {
    if (this.#hedging?.timer === undefined) return;
    this.#rpc.upstream.clock.clearTimeout(this.#hedging.timer);
    this.#hedging.timer = undefined;
  }

  expire(): void {
    if (this.ended) return;
    // Between attempts, the last attempt explains why the answer is missing.
    const between = this.#attempts.running.length === 0 ? this.#retrying?.failure : undefined;
    this.#closeAll("expired");
    this.#fail(between ?? timedOut(this.#rpc.method, "no answer in time"));
  }
  cancel(): void {
    if (!this.ended) this.#fail(OVER);
  }
  /**
   * Extends the deadline for another waiter, within the request's budget. Attempts on the wire keep their shorter
   * deadline.
   */
  extend(until: number): void {
    const { callsUntil } = budgetOf(this.#cx);
    const { clock } = this.#rpc.upstream;
    if (this.ended || until <= this.deadline) return;
    this.deadline = Math.min(until, callsUntil);
    if (this.#timer === undefined) return;
    clock.clearTimeout(this.#timer);
    const needed = this.#effect || this.deadline < callsUntil;
    this.#timer = needed ? clock.setTimeout(expire, this.#left(), this) : undefined;
  }

  /** Makes the call critical, because a waiter now requires its result. */
  urge(): void {
    if (this.critical) return;
    this.critical = true;
    for (const attempt of this.#attempts.running) attempt.urge();
  }

  /** True if the deadline has passed. The call's timer may fire shortly after that of its waiter. */
  get late(): boolean {
    return this.#left() < LEAST_MS;
  }
  #left(): number {
    return this.deadline - this.#rpc.upstream.clock.now();
  }
  /**
   * Reports whether the attempt had its full time, without the limits of the client's deadline and of earlier steps.
   * Only then does its timeout count against the upstream.
   */
  #hadFairTime({ sentAt }: Attempt): boolean {
    if (sentAt === undefined) return false;
    const { timeoutMs } = this.#rpc;
    const { fullMs, methodMs } = budgetOf(this.#cx);
    const fair = timeoutMs === Number.POSITIVE_INFINITY ? methodMs / 2 : Math.min(timeoutMs, fullMs);
    return this.deadline - sentAt >= fair - LEAST_MS;
  }
  #closeAll(outcome: "cancelled" | "expired"): void {
    const { running } = this.#attempts;
    for (let attempt = running.at(-1); attempt !== undefined; attempt = running.at(-1)) {
      const late = outcome === "expired" && this.#hadFairTime(attempt);
      if (attempt.sentAt !== undefined) this.#attempts.unreached = late ? attempt : undefined;
      this.#attempts.close(attempt, late ? false : undefined, outcome);
    }
  }
  #fail(failure: Failure): void {
    this.#end();
    this.#attempts.failCall();
    this.#sink.reject(failure);
    this.#observe({ ok: false, failure });
    this.#mirrored?.failed(failure === this.#retrying?.failure ? this.#retrying?.fault : undefined);
    this.#attempts.free();
  }
  #end(): void {
    this.ended = true;
    const { clock } = this.#rpc.upstream;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    if (this.#retrying?.pause !== undefined) clock.clearTimeout(this.#retrying.pause);
    this.#stopHedging();
    this.#closeAll("cancelled");
    if (this.#leavePools !== undefined) for (const leave of this.#leavePools) leave();
    const { scope, exchange } = this.#cx;
    scope.leave(this);
    if (this.#effect) exchange.effectEnds(scope);
  }
  #observe(outcome: CallEvent["outcome"]): void {
    const { upstream, method } = this.#rpc;
    const { exchange, root } = this.#cx;
    upstream.observer?.call?.({
      request: root,
      call: this,
      fetch: exchange.fetch,
      header: (name) => exchange.headers.text(name),
      service: upstream.service,
      branch: upstream.branch,
      shard: upstream.shard,
      method,
      items: this.#outgoing.items,
      message: this.frame.subarray(PREFIX_BYTES),
      startedAt: this.#startedAt,
      endedAt: upstream.clock.now(),
      attempts: this.#attempts.sent,
      outcome,
      trace: exchange.trace,
    });
  }
}

type Timed = Pick<Call<unknown>, "expire" | "resume" | "launch">;
const expire = (call: Timed): void => call.expire();
const resume = (call: Timed): void => call.resume();
const launch = (call: Timed): void => call.launch();

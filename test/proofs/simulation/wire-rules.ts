import type { CallPolicy } from "../../../runtime/src/call/policy.ts";
import { Code, Reason } from "../../../runtime/src/failure.ts";
import { callBudgetMs } from "../../../runtime/src/guard/deadline.ts";
import type { AttemptEvent, CallEvent, CallStartEvent } from "../../../runtime/src/observer-calls.ts";
import type { BreakerState } from "../../../runtime/src/observer-upstreams.ts";
import { AnswersModel, BreakerModel, ThrottleModel } from "./models.ts";
import type { Setup } from "./setup.ts";
import type { SimClock } from "./sim-clock.ts";
import type { Sent, SimUpstream } from "./sim-upstream.ts";

/** Properties of a request whose calls are watched. */
export interface RequestState {
  readonly callsUntil: number;
  readonly mayRetry: boolean;
  readonly user: string;
  /** The client has gone. */
  gone: boolean;
}

/** A call that has not ended: the position of its breaker at its begin, and its last attempt. */
interface CallState {
  readonly at: number;
  position: number;
  breaker?: BreakerModel | undefined;
  period: number;
  lost: boolean;
}

/** Returns the policy of a thing with this id, and whether its call has side effects. */
export function traitsOf(id: string): { policy: number; effect: boolean } {
  const match = /^(\d+)(fx)?-/.exec(id);
  if (match === null) throw new Error(`no id of ours: ${id}`);
  return { policy: Number(match[1]), effect: match[2] !== undefined };
}

const EPSILON = 1e-6;
/** The runtime's own tolerance: with less than this nothing is sent. */
const LEAST_MS = 1;

/**
 * Holds what goes over the wire against the rules: who may be sent when, for how long, how often, and how many at once. It
 * keeps its own account of breakers and throttle.
 */
export class WireRules {
  readonly violations: string[] = [];
  /** For counting what the seeds have exercised. */
  readonly seen = {
    sent: 0,
    retries: 0,
    hedges: 0,
    resent: 0,
    refused: 0,
    limited: 0,
    opened: 0,
    cancelled: 0,
    lingered: 0,
  };
  readonly #setup: Setup;
  readonly #clock: SimClock;
  readonly #upstream: SimUpstream;
  readonly #requests: ReadonlyMap<string, RequestState>;
  readonly #throttle: ThrottleModel;
  #hedges = 0;
  /** At first 1, and more by each call that may be hedged. */
  #mostHedges = 1;
  readonly #service: BreakerModel | undefined;
  readonly #batch: BreakerModel | undefined;
  readonly #frames = new Map<Uint8Array, Sent[]>();
  readonly #admitted = new Map<Sent, { breaker: BreakerModel | undefined; period: number }>();
  readonly #calls = new Map<object, CallState>();
  readonly #mayFollow = new Map<Uint8Array, { from: number } | undefined>(); // after a failure: whether a retry may follow
  readonly #answers = { get: new AnswersModel(), batch: new AnswersModel() };
  readonly #crowded = new Set<string>(); // requests in which something may have waited for its place
  /** True if a result was ambiguous from outside: the model of the breakers is no longer exact. */
  #unsure = false;
  #changedAt = 0;

  constructor(setup: Setup, clock: SimClock, upstream: SimUpstream, requests: ReadonlyMap<string, RequestState>) {
    this.#setup = setup;
    this.#clock = clock;
    this.#upstream = upstream;
    this.#requests = requests;
    const { breaker, methods, retryBudget } = setup.upstream;
    const now = (): number => clock.now();
    this.#throttle = new ThrottleModel(retryBudget ?? { maxTokens: 10, tokenRatio: 0.1 });
    this.#service = breaker && new BreakerModel(breaker, now);
    const batchPolicy = methods?.BatchGet;
    this.#batch =
      batchPolicy === undefined ? this.#service : batchPolicy.breaker && new BreakerModel(batchPolicy.breaker, now);
    upstream.watch = (sent) => this.#sent(sent);
    upstream.ends = (sent) => this.#ended(sent);
  }
  breaker(batch: boolean): { refuses: boolean; unsure: boolean } {
    const model = this.#account(batch);
    // A change in this very moment may be earlier or later, and a probe takes its place without an event.
    const changing = this.#changedAt === this.#clock.now() || model?.state === "half-open";
    return { refuses: model?.refuses === true, unsure: this.#unsure || changing };
  }
  #account(batch: boolean): BreakerModel | undefined {
    return batch ? this.#batch : this.#service;
  }
  fail(what: string): void {
    this.violations.push(`at ${this.#clock.now().toFixed(3)}: ${what}`);
  }

  // ---- attempts ----

  #sent(sent: Sent): void {
    const { frame, batch, number, at, timeoutMs } = sent;
    this.seen.sent++;
    const policy = this.#policyOf(sent);
    const request = this.#requests.get(sent.requestId);
    if (request === undefined) {
      this.fail(`sent for an unknown request ${sent.requestId}`);
      return;
    }
    const others = this.#frames.get(frame) ?? [];
    this.#frames.set(frame, [...others, sent]);
    const cached = policy.cache !== undefined && !this.#isEffect(sent);

    if (request.gone && !cached && !this.#isEffect(sent)) this.fail("sent for a client who has gone");
    if (!(timeoutMs >= LEAST_MS - EPSILON)) this.fail(`sent with ${timeoutMs} ms left`);
    if (!cached && at + timeoutMs > request.callsUntil + EPSILON) this.fail("sent with more than its budget");
    if (timeoutMs > (policy.timeoutMs ?? callBudgetMs(this.#setup.methodMs)) + EPSILON)
      this.fail("sent with more than its timeout");
    const user = policy.forward?.includes("x-user") ? request.user : "";
    if (sent.user !== user) this.fail(`sent as ${sent.user} for ${request.user}`);

    this.#concurrency(sent, policy, cached);
    this.#again(sent, others, policy, request, number);

    const breaker = this.#account(batch);
    if (breaker?.refuses && !this.#unsure) this.fail(`sent through a breaker that is ${breaker.state}`);
    this.#admitted.set(sent, { breaker, period: breaker?.admit() ?? 0 });
  }
  #concurrency(sent: Sent, policy: CallPolicy, cached: boolean): void {
    const { underWay: open } = this.#upstream;
    const lingering = this.#upstream.sent.filter(({ lingersUntil }) => lingersUntil > sent.at + EPSILON);
    if (lingering.length > 0) this.seen.lingered++;
    const busy = [...open, ...lingering];
    const most = (what: string, count: number, limit: number): void => {
      if (count > limit) this.fail(`${count} at once, and ${what} allows ${limit}`);
    };
    most("the upstream", busy.length, this.#setup.upstream.limit?.concurrent ?? Number.POSITIVE_INFINITY);
    if (policy.limit !== undefined) {
      const inner = busy.filter((each) => each.batch === sent.batch && this.#policyOf(each) === policy);
      most("the policy", inner.length, policy.limit.concurrent);
    }
    if (!cached) {
      const ofRequest = open.filter((each) => each.requestId === sent.requestId && !this.#isCached(each));
      most("the response", ofRequest.length, this.#setup.concurrent);
      if (ofRequest.length >= this.#setup.concurrent) this.#crowded.add(sent.requestId);
    }
    const shared = cached || (policy.coalesce === true && !this.#isEffect(sent));
    const same = open.filter(
      (each) =>
        each.frame !== sent.frame &&
        Buffer.compare(each.frame, sent.frame) === 0 &&
        each.batch === sent.batch &&
        each.tenant === sent.tenant &&
        (cached ? each.user === sent.user : each.requestId === sent.requestId),
    );
    if (shared && same.length > 0) this.fail(`an equal call is under way already`);
  }
  /** Checks that this attempt may follow, or run beside, the others of its call. */
  #again(sent: Sent, others: readonly Sent[], policy: CallPolicy, request: RequestState, number: number): void {
    const counted = others.filter(({ end }) => end !== "unprocessed");
    const unprocessed = others.length - counted.length;
    if (unprocessed > 0) this.seen.resent++;
    if (number !== counted.length + 1) this.fail(`number ${number} after ${counted.length}`);
    const delayed = policy.hedge !== undefined && policy.hedge.delayMs > 0;
    if (counted.length === 0) {
      if (delayed) this.#mostHedges += policy.hedge?.budget ?? 0.1;
      return;
    }
    if (!request.mayRetry) this.fail("sent again, though we are ourselves a retry");
    const attempts = policy.retry?.attempts ?? 1;
    const hedges = policy.hedge?.max ?? 0;
    if (number > attempts + hedges) this.fail(`attempt ${number}, and ${attempts} and ${hedges} hedges are allowed`);
    const beside = counted.filter(({ end }) => end === "open");
    if (beside.length > 0) {
      this.seen.hedges++;
      if (delayed && unprocessed === 0 && ++this.#hedges > this.#mostHedges + EPSILON)
        this.fail(`hedge ${this.#hedges}, and the budget allows ${this.#mostHedges}`);
      if (policy.hedge === undefined) this.fail("two attempts at once without a hedge");
      else if (beside.length > hedges) this.fail("more hedges than allowed");
      else if (counted.every(({ fault }) => fault?.pushbackMs === undefined)) {
        const latest = Math.max(...counted.map(({ at }) => at));
        if (unprocessed === 0 && sent.at + EPSILON < latest + policy.hedge.delayMs) this.fail("a hedge too early");
      }
      // One that had to wait for its place was allowed when it began to wait.
      const { upstream, policies, concurrent } = this.#setup;
      const limited = upstream.limit !== undefined || policies.some(({ limit, cache }) => limit ?? cache);
      const waited = limited || concurrent < 10 || unprocessed > 0 || this.#crowded.has(sent.requestId);
      if (!waited && !this.#throttle.allows) this.fail("a hedge though the throttle forbids it");
      return;
    }
    this.seen.retries++;
    if (policy.hedge !== undefined || unprocessed > 0) return; // may be a hedge that had to wait for its place
    if (number > attempts) this.fail(`attempt ${number} of ${attempts}`);
    const may = this.#mayFollow.get(sent.frame);
    if (may === undefined) this.fail("a retry that is not allowed");
    else if (sent.at + EPSILON < may.from) this.fail("a retry before the upstream wants it");
  }
  #ended(sent: Sent): void {
    const { frame, at, timeoutMs, batch, fault, end, endedAt } = sent;
    const policy = this.#policyOf(sent);
    if (end === "cancelled") this.seen.cancelled++;
    const unprocessed = this.#frames.get(frame)?.filter((each) => each.end === "unprocessed") ?? [];
    if (end === "unprocessed" && unprocessed.length > 1) sent.end = "bad"; // the first one is free, no other
    const request = this.#requests.get(sent.requestId);
    // A batch continues for callers that have joined later, within the budget.
    const latest = batch && !this.#isCached(sent) ? (request?.callsUntil ?? 0) : at + timeoutMs;
    if (endedAt > latest + this.#clock.lateMs + EPSILON) this.fail(`over ${endedAt - latest} ms after its deadline`);
    if (end === "good") this.#throttle.succeeded();
    if (sent.end !== "bad" || fault === undefined) return;
    const retried = policy.retry?.on ?? (policy.hedge && [Code.UNAVAILABLE]);
    const retriable = fault.kind !== "invalid" && retried?.includes(fault.code) === true;
    const { pushbackMs } = fault;
    if (retriable || (pushbackMs ?? 0) < 0) this.#throttle.failed();
    const may = retriable && this.#throttle.allows && (pushbackMs ?? 0) >= 0;
    this.#mayFollow.set(frame, may ? { from: endedAt + (pushbackMs ?? 0) } : undefined);
  }

  // ---- events of the runtime ----

  began({ call, method }: CallStartEvent): void {
    const position = this.#account(method.endsWith("BatchGet"))?.position ?? 0;
    this.#calls.set(call, { at: this.#clock.now(), position, period: 0, lost: false });
  }
  attempted(event: AttemptEvent): void {
    const { frame } = event.call as { frame: Uint8Array };
    // After one that was not processed two may have the same number.
    const known = (this.#frames.get(frame) ?? []).filter(
      (each) => each.number === event.number && each.at === event.startedAt && this.#admitted.has(each),
    );
    const sent = known.find(({ end }) => end !== "open") ?? known[0];
    const admitted = sent && this.#admitted.get(sent);
    if (sent === undefined || admitted === undefined) {
      this.fail("an attempt has ended that was never sent");
      return;
    }
    this.#admitted.delete(sent);
    const answers = this.#answers[sent.batch ? "batch" : "get"];
    if (event.outcome === "ok") answers.took(event.endedAt - event.startedAt);
    else if (event.outcome === "cancelled")
      sent.lingersUntil = Math.min(sent.at + sent.timeoutMs, event.endedAt + answers.meanMs);
    if (sent.end === "open") this.fail("an attempt has ended that is still on the wire");
    const verdict = this.#verdict(sent, event.outcome);
    admitted.breaker?.sample(admitted.period, verdict, event.endedAt - event.startedAt);
    const call = this.#calls.get(event.call);
    if (call === undefined || event.outcome === "unprocessed") return;
    Object.assign(call, admitted, { lost: verdict === false && isUnanswered(event.outcome) });
  }
  /** Applies the design's table to an attempt as seen from outside. */
  #verdict(sent: Sent, outcome: AttemptEvent["outcome"]): boolean | undefined {
    if (outcome === "ok") return true;
    if (outcome === "cancelled" || outcome === "unprocessed" || outcome === "refused") return undefined;
    const policy = this.#policyOf(sent);
    const fullMs = callBudgetMs(this.#setup.methodMs);
    const fairMs = policy.timeoutMs === undefined ? this.#setup.methodMs / 2 : Math.min(policy.timeoutMs, fullMs);
    const fair = sent.timeoutMs >= fairMs - LEAST_MS;
    const maybePutOff = sent.batch && !fair; // a batch whose deadline was put off may have had a fair time after all
    if (outcome === "expired") {
      if (maybePutOff) this.#unsure = true;
      return fair ? false : undefined;
    }
    if (outcome.kind === "transport" && outcome.code === Code.CANCELLED) {
      const left = sent.at + sent.timeoutMs - this.#clock.now();
      if (left < 2 + EPSILON) this.#unsure ||= sent.batch || !fair || Math.abs(left - 2) < EPSILON;
      return false;
    }
    if (outcome.kind !== "status") return false;
    if (outcome.code === Code.DEADLINE_EXCEEDED) {
      if (maybePutOff) this.#unsure = true;
      return fair ? false : undefined;
    }
    const bad: readonly Code[] = [
      Code.UNAVAILABLE,
      Code.INTERNAL,
      Code.UNKNOWN,
      Code.DATA_LOSS,
      Code.RESOURCE_EXHAUSTED,
    ];
    return !bad.includes(outcome.code);
  }
  called(event: CallEvent): void {
    const began = this.#calls.get(event.call);
    this.#calls.delete(event.call);
    if (event.outcome.ok) return;
    if (began?.lost) this.#lost(began);
    const { reason } = event.outcome.failure;
    const batch = event.method.endsWith("BatchGet");
    if (reason === Reason.BREAKER_OPEN) {
      this.seen.refused++;
      const mayRefuse = this.#account(batch)?.refuses === true || this.#changedAt === this.#clock.now();
      if (!mayRefuse && !this.#unsure) this.fail("refused by a breaker that lets through");
    }
    if (reason === Reason.LIMITED) this.seen.limited++;
    const { frame } = event.call as { frame: Uint8Array };
    for (const sent of this.#frames.get(frame) ?? []) {
      if (sent.end === "open") this.fail("a call has ended and one of its attempts has not");
    }
  }
  /** A call has ended without an answer. Calls that its end has begun come before its event, and after its failure. */
  #lost({ breaker, period, position }: CallState): void {
    const now = this.#clock.now();
    if (breaker?.fail(period, position) !== true) return;
    for (const call of this.#calls.values()) if (call.at === now) this.#unsure = true;
  }
  changed(to: BreakerState): void {
    this.#changedAt = this.#clock.now();
    if (to === "open") this.seen.opened++;
  }
  /** Nothing of a request is on the wire any more, but side effects and what the cache fetches. */
  gone(requestId: string): void {
    for (const sent of this.#upstream.underWay) {
      if (sent.requestId === requestId && !this.#isCached(sent) && !this.#isEffect(sent))
        this.fail(`request ${requestId} is over, and something of it is on the wire`);
    }
  }
  /** All is over. */
  finish(): void {
    if (this.#upstream.underWay.length > 0)
      this.fail(`${this.#upstream.underWay.length} attempts are still on the wire`);
    if (this.#admitted.size > 0) this.fail(`${this.#admitted.size} attempts have never ended`);
  }

  #policyOf({ ids: [id] }: Sent): CallPolicy {
    const policy = this.#setup.policies[traitsOf(id ?? "").policy];
    if (policy === undefined) throw new Error(`no policy for ${id}`);
    return policy;
  }
  #isEffect({ ids: [id] }: Sent): boolean {
    return traitsOf(id ?? "").effect;
  }
  #isCached(sent: Sent): boolean {
    return this.#policyOf(sent).cache !== undefined && !this.#isEffect(sent);
  }
}

/** Reports whether an attempt that failed was not answered: no row of calls has others. */
function isUnanswered(outcome: AttemptEvent["outcome"]): boolean {
  if (typeof outcome === "string") return outcome === "expired";
  if (outcome.kind !== "status") return outcome.kind !== "invalid";
  return outcome.code === Code.UNAVAILABLE || outcome.code === Code.DEADLINE_EXCEEDED;
}

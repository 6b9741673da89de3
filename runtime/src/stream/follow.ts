// One follower of a server-streaming RPC: its opening, then the composed items of its source in order, until an end.
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import type { Request } from "../compose/request.ts";
import { Opening } from "../endpoint/opening.ts";
import { asFailure, type Failure, OVER } from "../failure.ts";
import { callBudgetMs } from "../guard/deadline.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { StreamUse } from "../observer-requests.ts";
import { asShown } from "../selection/prune.ts";
import type { At, Items } from "../source/source.ts";
import { type Transitions, transition } from "../states.ts";
import { Alarm } from "./alarm.ts";
import { awaitSteps } from "./await-steps.ts";
import { composeItem, type FollowParts, onlyPosition, requestFor } from "./compose-item.ts";
import { type EarlyEnd, failureOf } from "./early-end.ts";
import { bothChecks, EndTimes } from "./end-times.ts";
import { ItemQueue, isLastToken, QueuedItem } from "./item-queue.ts";
import { ItemRequests } from "./item-requests.ts";
import type { Follower, Following } from "./stream-endpoint.ts";

/** Time after which a follower that does not read is dropped, if its RPC has `fail`, in milliseconds. */
const STALLED_MS = 10_000;
const NEVER = Number.POSITIVE_INFINITY;
const NONE: readonly never[] = [];

/**
 * Progress of a follower:
 * - `following`: it opens, or items may arrive.
 * - `exhausted`: no further items are needed; those in the queue are still delivered.
 * - `over`: the follower has its end, or has left.
 */
type FollowState = "following" | "exhausted" | "over";
export const FOLLOW_TRANSITIONS: Transitions<FollowState> = {
  following: ["exhausted", "over"],
  exhausted: ["over"],
  over: [],
};

export class Follow<App, I extends DescMessage, O extends DescMessage, Opened, Item, C extends DescMessage, Principal>
  implements Following, Items<Item>
{
  readonly #parts: FollowParts<App, I, O, Opened, Item, C, Principal>;
  readonly #args: MessageShape<I>;
  readonly #follower: Follower;
  readonly #opening: Opening<App, MessageShape<I>, Principal> | undefined;
  readonly #line = new ItemQueue<Item>();
  readonly #pulse: Alarm;
  readonly #times: EndTimes;
  readonly #requests: ItemRequests;
  readonly #use: { -readonly [K in keyof StreamUse]: StreamUse[K] };
  #opened: Opened | undefined;
  /** Failure of the source, reported after all of its items were delivered. */
  #failure: Failure | undefined;
  #state: FollowState = "following";
  #flushing = false;
  /** True if an item was left out, and the follower has not received the reset yet. */
  #reset = false;
  /** Token of the last item that was delivered, or passed over. */
  #token: string | undefined;
  /** Token that the client has brought. Until an item follows, it resumes there again. */
  #resumed: string | undefined;
  // Times on the clock.
  #sentAt = 0;
  #gaveAt = Number.NEGATIVE_INFINITY;
  /** Time at which the follower stopped to read. */
  #stalledAt = NEVER;

  constructor(
    parts: FollowParts<App, I, O, Opened, Item, C, Principal>,
    args: MessageShape<I>,
    headers: IncomingHeaders,
    clientMs: number | undefined,
    follower: Follower,
  ) {
    const { clock } = parts;
    this.#parts = parts;
    this.#args = args;
    this.#follower = follower;
    this.#pulse = new Alarm(
      clock,
      () => this.#nextPulse(),
      () => this.#onPulse(),
    );
    this.#requests = new ItemRequests(clock, () => this.#hasRoom);
    this.#use = { openedAt: 0, items: 0, degraded: 0, end: "failed" };
    this.#times = new EndTimes(clock, (end, failure) => this.#endEarly(end, failure));
    if (clientMs !== undefined) this.#times.add(clock.now() + callBudgetMs(clientMs), "deadline");
    this.#opening = Opening.begin(parts.opening, args, headers, clientMs, (failure, metadata) =>
      this.#failed(failure, metadata),
    );
  }

  // ---- opening ----

  /** @param resume the token after which to resume */
  async open(resume: string | undefined): Promise<void> {
    if (this.#opening === undefined || this.#isOver) return;
    this.#resumed = resume;
    const { cx, exchange } = this.#opening;
    try {
      const passing = this.#opening.passes();
      if (!(passing instanceof Promise ? await passing : passing)) return;
      const opening = this.#parts.options.open?.(cx, this.#args);
      // Without `open` no steps are composed from it.
      const opened = (opening instanceof Promise ? await opening : opening) as Opened;
      await awaitSteps(opened);
      await exchange.settled();
      if (!exchange.over) this.#begin(this.#opening, opened, resume);
    } catch (thrown) {
      exchange.scope.fail(asFailure(thrown));
    }
  }

  #begin(opening: Opening<App, MessageShape<I>, Principal>, opened: Opened, resume: string | undefined): void {
    const { clock, options } = this.#parts;
    const now = clock.now();
    this.#opened = opened;
    this.#use.openedAt = now;
    this.#sentAt = now;
    opening.exchange.opened();
    opening.opened(() => ({ ...this.#use }));
    const { maxAgeMs } = options;
    if (maxAgeMs !== undefined) this.#times.add(now + maxAgeMs * (0.9 + clock.random() / 5), "age");
    this.#times.add(now + opening.expiresAt - clock.date().getTime(), "expired");
    this.#follower.opened(opening.metadataToOpen());
    if (this.#isOver) return;
    const permit = options.recheck;
    this.#times.start(bothChecks(opening.recheck, permit && (() => permit(opening.cx, this.#args))));
    if (options.until !== undefined && isLastToken(resume)) this.ended();
    else this.#requests.source = options.source(opening.cx, this.#args, opened, resume, this);
    this.#goOn();
  }

  // ---- events of the source ----

  item(item: Item, at: At): void {
    if (this.#state !== "following") return;
    this.#requests.arrived();
    this.#opening?.received(item);
    const { options } = this.#parts;
    const slot = new QueuedItem(item, at, at.reset || this.#reset);
    this.#reset = false;
    this.#line.add(slot);
    if (options.if === undefined && options.until === undefined) this.#deliver(slot, true, false);
    else this.#decide(slot);
    this.#goOn();
  }
  ended(reset = false): void {
    if (this.#state !== "following") return;
    this.#reset ||= reset;
    this.#enter("exhausted");
    this.#requests.source = undefined;
    this.#goOn();
  }
  failed(failure: Failure): void {
    if (this.#state !== "following") return;
    this.#failure = failure;
    this.ended();
  }
  denied(failure: Failure): void {
    this.#endEarly("denied", failure);
  }

  // ---- processing of an item ----

  #decide(slot: QueuedItem<Item>): void {
    const { options } = this.#parts;
    const cx = this.#requestFor(slot);
    try {
      const of = [cx, this.#args, slot.item, this.#opened as Opened] as const;
      const matches = options.if === undefined || options.if(...of);
      const last = options.until?.(...of);
      if (!(matches instanceof Promise || last instanceof Promise)) {
        this.#deliver(slot, matches === true, last === true, cx);
        return;
      }
      this.#requests.decides();
      Promise.all([matches, last]).then(
        ([matches, last]) => {
          this.#requests.decided();
          if (slot.exchange?.over !== false) return;
          this.#deliver(slot, matches === true, last === true, cx);
          this.#goOn();
        },
        (thrown: unknown) => {
          this.#requests.decided();
          slot.exchange?.scope.fail(asFailure(thrown));
        },
      );
    } catch (thrown) {
      slot.exchange?.scope.fail(asFailure(thrown));
    }
  }
  #deliver(slot: QueuedItem<Item>, matches: boolean, last: boolean, cx?: Request<App, Principal>): void {
    if (last) this.#exhaust(slot);
    if (!matches) {
      this.#reset = slot.reset;
      this.#line.dropNewest();
    } else if (this.#parts.options.overflow === "latest") {
      slot.stop(); // its time begins when it is composed
      if (this.#line.supersede(slot)) slot.reset = true;
    } else this.#compose(slot, cx ?? this.#requestFor(slot));
  }

  #requestFor(slot: QueuedItem<Item>): Request<App, Principal> {
    const leftMs = this.#times.deadlineMs;
    const opening = this.#opening as Opening<App, MessageShape<I>, Principal>; // without an opening no item arrives
    return requestFor(this.#parts, opening.cx, slot, leftMs, (failure) => {
      this.#failItem(slot, failure);
      this.#goOn();
    });
  }
  #compose(slot: QueuedItem<Item>, cx: Request<App, Principal>): void {
    slot.state = "composing";
    composeItem(this.#parts, cx, this.#args, slot, this.#opened as Opened).then((composed) => {
      if (composed) this.#goOn();
    });
  }
  /** Fails an item. Earlier items are still delivered; later ones are not. */
  #failItem(slot: QueuedItem<Item>, failure: Failure): void {
    if (this.#isOver) return;
    slot.stop();
    slot.state = "failed";
    slot.failure = failure;
    this.#line.cutBehind(slot);
    this.#exhaust();
  }
  #exhaust(last?: QueuedItem<Item>): void {
    last?.markLast();
    if (this.#state === "following") this.#enter("exhausted");
    this.#requests.cancel();
  }

  // ---- delivery to the follower ----

  /** Delivers the items that are ready, and requests as many as have room. */
  #goOn(): void {
    this.#flush();
    this.#requests.pump();
    if (!this.#isOver) this.#pulse.set();
  }
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    for (let head = this.#line.head; head !== undefined && !this.#isOver; head = this.#line.head) {
      if (head.state === "failed") this.#fail(head.failure ?? OVER);
      else if (head.state === "dropped") this.#pass(head);
      else if (!this.#mayGive) break;
      else if (head.state === "composed") this.#give(head);
      else if (head.state === "waiting" && !this.#requests.isDeciding) this.#compose(head, this.#requestFor(head));
      else break;
    }
    this.#flushing = false;
    if (this.#state !== "exhausted" || this.#line.head !== undefined) return;
    if (this.#failure === undefined) this.#finish();
    else this.#fail(this.#failure);
  }
  get #isOver(): boolean {
    return this.#state === "over";
  }
  get #ready(): boolean {
    return this.#stalledAt === NEVER;
  }
  /** True if the follower reads, and the pace allows another item. */
  get #mayGive(): boolean {
    return this.#ready && this.#parts.clock.now() >= this.#pacedUntil;
  }
  get #pacedUntil(): number {
    const { minIntervalMs = 0 } = this.#parts.options;
    return this.#gaveAt + minIntervalMs;
  }
  #pass({ behind }: QueuedItem<Item>): void {
    this.#line.shift();
    if (behind !== undefined) this.#token = behind;
  }
  #give(slot: QueuedItem<Item>): void {
    const { message, token, lacking } = slot;
    const opening = this.#opening;
    if (message === undefined || opening === undefined) return;
    let isComplete = lacking === undefined;
    let ready: boolean;
    try {
      const sent = asShown(this.#parts.method.output, message, opening.exchange.gates.chosen);
      ready = this.#follower.item(sent, token, (fields) => {
        isComplete = false;
        opening.lacked(fields);
      });
    } catch (thrown) {
      this.#fail(asFailure(thrown)); // it could not be written
      return;
    }
    if (this.#isOver) return;
    this.#pass(slot);
    const now = this.#parts.clock.now();
    [this.#sentAt, this.#gaveAt] = [now, now];
    this.#use.items++;
    if (!isComplete) this.#use.degraded++;
    opening.delivered(message, lacking);
    if (!ready) this.#stalledAt = now;
  }
  get #hasRoom(): boolean {
    if (this.#state !== "following") return false;
    const { overflow, ahead = 4 } = this.#parts.options;
    return overflow === "latest" || (this.#ready && this.#line.live < ahead);
  }

  // ---- time ----

  /** Returns the next time of a heartbeat, of the source's silence, of the pace, or of a stalled follower. */
  #nextPulse(): number {
    const { heartbeatMs, options } = this.#parts;
    const { idleMs, overflow } = options;
    let next = this.#ready ? this.#sentAt + heartbeatMs : NEVER;
    if (idleMs !== undefined) next = Math.min(next, this.#requests.waitsSince + idleMs);
    if (!this.#ready && overflow === "fail") next = Math.min(next, this.#stalledAt + STALLED_MS);
    if (this.#ready && this.#isPaced) next = Math.min(next, this.#pacedUntil);
    return next;
  }
  get #isPaced(): boolean {
    const state = this.#line.head?.state;
    return (state === "composed" || state === "waiting") && !this.#requests.isDeciding;
  }
  #onPulse(): void {
    const { clock, heartbeatMs, options } = this.#parts;
    const now = clock.now();
    const { idleMs = NEVER, overflow } = options;
    if (!this.#ready && overflow === "fail" && now >= this.#stalledAt + STALLED_MS) {
      this.#endEarly("slow");
      return;
    }
    if (now >= this.#requests.waitsSince + idleMs && !this.#requests.renews()) {
      this.#endEarly("idle");
      return;
    }
    this.#goOn();
    if (!this.#isOver && this.#ready && now >= this.#sentAt + heartbeatMs) this.#beat(now);
  }
  #beat(now: number): void {
    this.#sentAt = now;
    this.#follower.beat(onlyPosition(this.#parts, { token: this.#token, beat: true }), this.#token);
  }

  // ---- ends ----

  ready(): void {
    if (this.#isOver || this.#ready) return;
    this.#stalledAt = NEVER;
    this.#sentAt = this.#parts.clock.now();
    this.#goOn();
  }
  drain(): void {
    this.#endEarly("drained");
  }
  cancel(why: Failure = OVER): void {
    if (this.#isOver) return;
    this.#use.end = "left";
    this.#close();
    this.#opening?.leave(why);
  }
  #finish(): void {
    if (this.#reset && this.#parts.stamps) {
      // Without this message a follower that receives only the end would keep outdated items.
      if (!this.#ready) return;
      this.#reset = false;
      this.#follower.item(onlyPosition(this.#parts, { token: this.#token, beat: true, reset: true }), this.#token);
      if (this.#isOver) return;
    }
    this.#use.end = "ended";
    this.#close();
    const { exchange, metadata } = this.#opening ?? {};
    exchange?.end();
    this.#follower.ended(metadata);
    this.#opening?.observe({ ok: true, degraded: NONE, failures: NONE });
  }
  #endEarly(end: EarlyEnd, failure = failureOf(end)): void {
    if (this.#isOver) return;
    if (end === "denied") this.#opening?.auditDenial(failure);
    this.#use.end = end;
    this.#fail(failure);
  }
  #fail(failure: Failure): void {
    this.#opening?.exchange.scope.fail(failure);
  }
  #failed(failure: Failure, metadata: AnswerMetadata | undefined): void {
    this.#close();
    this.#follower.failed(failure, this.#token ?? this.#resumed, metadata);
  }
  #close(): void {
    this.#enter("over");
    this.#pulse.clear();
    this.#times.clear();
    this.#exhaust();
    this.#line.clear();
  }
  #enter(state: FollowState): void {
    this.#state = transition(FOLLOW_TRANSITIONS, this.#state, state);
  }
}

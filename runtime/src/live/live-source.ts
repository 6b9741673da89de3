// The source of a live answer: its item is a composed answer, and the next one follows when something has changed.
import { hash } from "node:crypto";
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Degradation_Effect, DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import { PositionSchema } from "@protobff/messages/bff/v1/stream_pb.js";
import { permitFailure } from "../admission/permit-failure.ts";
import type { Purges } from "../cache/purges.ts";
import type { Clock, Timer } from "../clock.ts";
import { Exchange } from "../compose/exchange.ts";
import type { Request } from "../compose/request.ts";
import { concludeResponse } from "../endpoint/cached-endpoint.ts";
import { withoutForbidden } from "../endpoint/leave-out.ts";
import { assertWritable, holdsRequired } from "../endpoint/required-fields.ts";
import { asFailure, type Failure, OVER } from "../failure.ts";
import { type Backoff, startBackoff } from "../guard/retry.ts";
import { callerBinding } from "../identity/caller-binding.ts";
import { asShown } from "../selection/prune.ts";
import type { ItemSource, Items } from "../source/source.ts";
import { type Transitions, transition } from "../states.ts";
import { Alarm } from "../stream/alarm.ts";
import type { ComposedItem } from "../stream/stream-options.ts";
import { withSortedMaps } from "../wire/sorted-maps.ts";
import { KeptAnswers, type KeptBytes, type Runs } from "./kept-answers.ts";
import type { LiveOptions } from "./live-options.ts";
import { joined, LiveTags } from "./live-tags.ts";
import type { LiveTurns } from "./live-turns.ts";

/** Waits between attempts to compose after a failure. */
const RETRY = { initialMs: 1_000, maxMs: 30_000, multiplier: 2 };
/** Time after which a topic that failed is followed again, in milliseconds. */
const FOLLOW_AGAIN_MS = 5_000;
/** Maximum number of compositions in a row of which each was older than a purge. */
const AT_ONCE = 2;
/** Path of all fields in a degradation. */
const WHOLE = "*";
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Progress of a follower:
 * - `opening`: its first answer is not composed yet.
 * - `open`: later answers follow changes.
 * - `over`: it has left, or its first answer has failed.
 */
type LiveState = "opening" | "open" | "over";
const LIVE_TRANSITIONS: Transitions<LiveState> = {
  opening: ["open", "over"],
  open: ["over"],
  over: [],
};

/** Parts that all followers of one RPC share. */
interface LiveParts<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal> {
  readonly method: DescMethodServerStreaming<I, O>;
  readonly options: LiveOptions<App, I, O, C, Principal>;
  readonly clock: Clock;
  readonly purges: Purges | undefined;
  readonly pool: KeptBytes;
  readonly turns: LiveTurns;
}

/** The request of one follower, and the receiver of its answers. */
interface LiveFollower<App, Args, O, Principal> {
  readonly cx: Request<App, Principal>;
  readonly args: Args;
  readonly resume: string | undefined;
  readonly items: Items<ComposedItem<O>>;
}

export class LiveSource<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>
  implements ItemSource
{
  readonly #parts: LiveParts<App, I, O, C, Principal>;
  readonly #of: LiveFollower<App, MessageShape<I>, MessageShape<O>, Principal>;
  readonly #kept: KeptAnswers;
  readonly #tags: LiveTags<App, MessageShape<I>, MessageShape<O>, Principal>;
  readonly #alarm: Alarm;
  readonly #topics = new Map<object, ItemSource | Timer>();
  /** Calls of the next composition; undefined: nothing has changed. */
  #pending: Runs | undefined = "all";
  #requested = false;
  /** True while an answer is composed, or its permit is checked before it is sent. */
  #composing = false;
  /** Requests in progress: a composition, and checks of the permit. */
  readonly #running = new Set<Exchange>();
  #state: LiveState = "opening";
  /** Token of the answer that the client has. */
  #token: string | undefined;
  #backoff: Backoff | undefined;
  // Times on the clock.
  #startedAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(
    parts: LiveParts<App, I, O, C, Principal>,
    of: LiveFollower<App, MessageShape<I>, MessageShape<O>, Principal>,
  ) {
    const { live } = parts.options;
    this.#parts = parts;
    this.#of = of;
    this.#token = of.resume;
    this.#kept = new KeptAnswers(live.calls, parts.pool, parts.purges);
    this.#tags = new LiveTags(parts.purges, live, (runs) => this.#changed(runs));
    this.#alarm = new Alarm(
      parts.clock,
      () => this.#due,
      () => this.#ring(),
    );
  }
  begin(): this {
    const { live } = this.#parts.options;
    for (const follow of live.follow ?? []) this.#follow(follow);
    return this;
  }

  get #over(): boolean {
    return this.#state === "over";
  }
  #enter(state: LiveState): void {
    this.#state = transition(LIVE_TRANSITIONS, this.#state, state);
  }

  // ---- the stream ----

  next(): void {
    this.#requested = true;
    if (this.#state !== "opening" || this.#composing) this.#alarm.set();
    else void this.#compose();
  }
  cancel(): void {
    if (this.#over) return;
    this.#enter("over");
    this.#alarm.clear();
    this.#tags.clear();
    for (const exchange of this.#running) exchange.end();
    this.#kept.release();
    for (const [, source] of this.#topics)
      if ("next" in (source as object)) (source as ItemSource).cancel();
      else this.#parts.clock.clearTimeout(source as Timer);
  }

  // ---- triggers ----

  #changed(runs: Runs): void {
    if (this.#over) return;
    const isFirst = this.#pending === undefined;
    this.#pending = joined(this.#pending, runs);
    if (isFirst) {
      const { minIntervalMs, jitter } = this.#parts.options.live;
      const { clock } = this.#parts;
      const from = Math.max(clock.now(), this.#startedAt + minIntervalMs);
      this.#notBefore = Math.max(this.#notBefore, from + clock.random() * jitter * minIntervalMs);
      this.#parts.turns.add(() => this.#alarm.set());
    }
  }
  #follow(follow: NonNullable<LiveOptions<App, I, O, C, Principal>["live"]["follow"]>[number]): void {
    const { cx, args } = this.#of;
    const runs: Runs = follow.runs === undefined ? "all" : new Set(follow.runs);
    const again = (): void => {
      this.#follow(follow);
      this.#changed(runs); // events may have been missed
    };
    const failed = (): void => {
      if (!this.#over)
        this.#topics.set(
          follow,
          this.#parts.clock.setTimeout((run) => run(), FOLLOW_AGAIN_MS, again),
        );
    };
    try {
      const source = follow.topic.follow(follow.key(cx, args), undefined, true, {
        item: () => {
          this.#changed(runs);
          source.next();
        },
        ended: () => undefined,
        failed,
      });
      this.#topics.set(follow, source);
      source.next();
    } catch (thrown) {
      queueMicrotask(() => this.#end(asFailure(thrown))); // the key has no value
    }
  }
  get #due(): number {
    if (!this.#requested || this.#composing) return NEVER;
    return this.#pending === undefined ? this.#everyAt : this.#notBefore;
  }
  get #everyAt(): number {
    const { everyMs } = this.#parts.options.live;
    return everyMs === undefined ? NEVER : Math.max(this.#startedAt + everyMs, this.#notBefore);
  }
  #ring(): void {
    if (this.#pending === undefined || this.#parts.clock.now() >= this.#everyAt) this.#pending = "all";
    this.#composing = true;
    this.#parts.turns.add(() => {
      if (!this.#over) void this.#compose();
    });
  }

  // ---- one answer ----

  async #compose(): Promise<void> {
    this.#composing = true;
    let runs: Runs = "all";
    try {
      let composed: ComposedItem<MessageShape<O>> | undefined;
      for (let i = 0; i < AT_ONCE && (composed === undefined || this.#pending !== undefined); i++) {
        runs = this.#pending ?? "all";
        this.#pending = undefined;
        this.#startedAt = this.#parts.clock.now();
        this.#kept.begin(runs);
        composed = await this.#run((cx) => this.#answer(cx));
        if (this.#over) return;
        this.#kept.end(true);
      }
      const refusal = this.#state === "open" ? await this.permitted() : undefined;
      if (this.#over) return;
      if (refusal !== undefined) this.#of.items.denied?.(refusal);
      else if (composed !== undefined) this.#give(composed);
    } catch (thrown) {
      if (this.#over) return;
      this.#kept.end(false);
      this.#failed(asFailure(thrown), runs);
    } finally {
      this.#composing = false;
      this.#alarm.set();
    }
  }
  /** Runs a part of the work in a separate request. Rejects with its failure. */
  async #run<T>(work: (cx: Request<App, Principal>) => Promise<T>): Promise<T> {
    const { options, clock } = this.#parts;
    const { cx } = this.#of;
    const { headers, observer } = cx.exchange;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    const { timeoutMs: methodMs, concurrent = 10 } = options;
    const common = { clock, headers, observer, methodMs, clientMs: undefined, concurrent };
    const exchange = new Exchange({ ...common, after: cx.exchange, failed: reject });
    this.#running.add(exchange);
    try {
      return await Promise.race([work(cx.within(exchange)), promise]);
    } finally {
      exchange.end();
      this.#running.delete(exchange);
    }
  }
  async #answer(cx: Request<App, Principal>): Promise<ComposedItem<MessageShape<O>>> {
    const { method, options, purges } = this.#parts;
    const { exchange } = cx;
    const { args } = this.#of;
    const since = purges?.now ?? 0;
    exchange.calls.kept = this.#kept;
    const message = await options.compose(cx, args);
    if (exchange.parts !== undefined) await exchange.parts.all();
    await exchange.settled();
    if (exchange.over) throw OVER; // a later composition has other tags
    const concluded = withoutForbidden(method.output, concludeResponse(method, options, message, exchange));
    const { response } = concluded;
    options.stamp?.(response, create(PositionSchema));
    if (holdsRequired(method.output)) assertWritable(method.output, response);
    const failure = this.#tags.set(cx, args, response, since);
    if (failure !== undefined) throw failure;
    return concluded;
  }
  #give({ response, found }: ComposedItem<MessageShape<O>>): void {
    const { method } = this.#parts;
    const { cx, items } = this.#of;
    const { headers, gates } = cx.exchange;
    // Upstreams may send the entries of an equal map in another order.
    const shown = withSortedMaps(method.output, asShown(method.output, response, gates.chosen));
    const binding = JSON.stringify(callerBinding(headers.authentication?.caller));
    const token = hash(
      "sha256",
      Buffer.concat([Buffer.from(`${binding}\n`), toBinary(method.output, shown)]),
      "base64url",
    );
    if (this.#state === "opening") this.#enter("open");
    this.#backoff = undefined;
    if (token === this.#token) return;
    const reset = this.#token !== undefined;
    this.#token = token;
    this.#requested = false;
    items.item(
      { response, found: found !== undefined && found.entries.length > 0 ? found : undefined },
      { token, reset },
    );
  }
  #failed(failure: Failure, runs: Runs): void {
    if (this.#state === "opening") {
      this.#end(failure);
      return;
    }
    this.#report(failure);
    const { clock, options } = this.#parts;
    this.#backoff = this.#backoff?.next(undefined) ?? startBackoff(RETRY, clock);
    this.#notBefore = clock.now() + Math.max(options.live.minIntervalMs, this.#backoff.duration);
    this.#pending = joined(this.#pending, runs);
  }
  /** Reports that the client keeps an answer that may be old. */
  #report(failure: Failure): void {
    const { cx } = this.#of;
    const { headers, observer, trace } = cx.exchange;
    const { method } = this.#parts;
    const { reason, upstream } = failure;
    observer?.streamDegraded?.({
      request: cx.root,
      header: (name) => headers.text(name),
      method: `${method.parent.typeName}/${method.name}`,
      degraded: [create(DegradationSchema, { path: WHOLE, effect: Degradation_Effect.STALE, reason, upstream })],
      failures: [failure],
      trace,
    });
  }
  #end(failure: Failure): void {
    if (this.#over) return;
    this.#of.items.failed(failure);
    this.cancel();
  }
  /**
   * Checks the permit again.
   *
   * @returns the refusal for the client; undefined: it holds
   * @throws the failure of a check that has no result
   */
  async permitted(): Promise<Failure | undefined> {
    const { check, decide } = this.#parts.options.permit ?? {};
    if (check === undefined && decide === undefined) return undefined;
    const { args } = this.#of;
    try {
      await this.#run(async (cx) => {
        await check?.(cx, args);
        await decide?.(cx, args);
        await cx.exchange.settled();
      });
      return undefined;
    } catch (thrown) {
      const failure = permitFailure(asFailure(thrown));
      if (failure.refusal) return failure;
      throw failure;
    }
  }
}

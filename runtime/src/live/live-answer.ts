// A composed answer that stays current, for one follower or for all followers with equal keys.
import { hash } from "node:crypto";
import { create, type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { PositionSchema } from "@protobff/messages/bff/v1/stream_pb.js";
import type { Timer } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import { concludeResponse } from "../endpoint/cached-endpoint.ts";
import { withoutForbidden } from "../endpoint/leave-out.ts";
import { assertWritable, holdsRequired } from "../endpoint/required-fields.ts";
import { asFailure, type Failure, OVER } from "../failure.ts";
import { type Backoff, startBackoff } from "../guard/retry.ts";
import { asShown } from "../selection/prune.ts";
import type { ItemSource } from "../source/source.ts";
import { Alarm } from "../stream/alarm.ts";
import type { ComposedItem } from "../stream/stream-options.ts";
import { withSortedMaps } from "../wire/sorted-maps.ts";
import { KeptAnswers, type Runs, runsOf } from "./kept-answers.ts";
import type { LiveOptions } from "./live-options.ts";
import { type LiveParts, LiveRuns, RETRY, reportStale } from "./live-run.ts";
import { joined, LiveTags } from "./live-tags.ts";

/** Time after which a topic that failed is followed again, in milliseconds. */
const FOLLOW_AGAIN_MS = 5_000;
/** Maximum number of compositions in a row of which each was older than a purge. */
const AT_ONCE = 2;
const NEVER = Number.POSITIVE_INFINITY;
const NOTHING: Runs = new Set();

/** A composition's result. */
export interface LiveVersion<O> extends ComposedItem<O> {
  /** Digest of the bytes that clients receive. */
  readonly digest: string;
}

/** A receiver of an answer's versions. */
export interface LiveReceiver<App, Args, O, Principal> {
  readonly cx: Request<App, Principal>;
  readonly args: Args;
  /** Receives one version for each `wait`. */
  receive(version: LiveVersion<O>): void;
  /** Called if it cannot have a first version. It leaves. */
  failed(failure: Failure): void;
}

export class LiveAnswer<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal> {
  readonly #parts: LiveParts<App, I, O, C, Principal>;
  readonly #kept: KeptAnswers;
  readonly #tags: LiveTags<App, MessageShape<I>, MessageShape<O>, Principal>;
  readonly #alarm: Alarm;
  readonly #topics = new Map<object, ItemSource | Timer>();
  readonly #runs: LiveRuns<App, I, O, C, Principal>;
  readonly #over: () => void;
  /** All receivers. Compositions run for the first one. */
  readonly #receivers = new Set<Receiver<App, I, O, Principal>>();
  /** Receivers that wait for a version. */
  readonly #waiting = new Set<Receiver<App, I, O, Principal>>();
  /** Those of them without a version. They wait for a composition that begins after they have joined. */
  #openers = new Set<Receiver<App, I, O, Principal>>();
  /** Calls of the next composition; undefined: nothing has changed. */
  #pending: Runs | undefined;
  /** True from the time at which a composition is due until its end. */
  #composing = false;
  /** Digest of the newest version. */
  #newest: string | undefined;
  /** Digest of the newest version that all receivers got who waited for one. */
  #delivered: string | undefined;
  #backoff: Backoff | undefined;
  // Times on the clock.
  #startedAt = Number.NEGATIVE_INFINITY;
  #deliveredAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;

  /** @param over called when no receiver is left; the answer is not used again */
  constructor(parts: LiveParts<App, I, O, C, Principal>, over: () => void) {
    const { live } = parts.options;
    this.#parts = parts;
    this.#over = over;
    this.#runs = new LiveRuns(parts);
    this.#kept = new KeptAnswers(live.calls, parts.pool, parts.purges);
    this.#tags = new LiveTags(parts, (runs) => this.#changed(runs));
    this.#alarm = new Alarm(
      parts.clock,
      () => this.#due,
      () => this.#ring(),
    );
  }

  // ---- receivers ----

  join(receiver: Receiver<App, I, O, Principal>): void {
    this.#receivers.add(receiver);
    if (this.#receivers.size === 1)
      for (const follow of this.#parts.options.live.follow ?? []) this.#follow(follow, receiver);
  }
  leave(receiver: Receiver<App, I, O, Principal>): void {
    this.#waiting.delete(receiver);
    this.#openers.delete(receiver);
    if (!this.#receivers.delete(receiver) || !this.#isOver) return;
    this.#over();
    this.#alarm.clear();
    this.#tags.clear();
    this.#runs.end();
    this.#kept.release();
    for (const [, source] of this.#topics)
      if ("next" in (source as object)) (source as ItemSource).cancel();
      else this.#parts.clock.clearTimeout(source as Timer);
  }
  get #isOver(): boolean {
    return this.#receivers.size === 0;
  }
  /**
   * Requests one version other than the one that the receiver has.
   *
   * @param has its digest; undefined: the receiver has none
   */
  wait(receiver: Receiver<App, I, O, Principal>, has: string | undefined): void {
    this.#waiting.add(receiver);
    if (has === undefined) this.#openers.add(receiver);
    else if (has !== this.#newest) this.#changed(NOTHING);
    if (has === undefined && !this.#composing) void this.#compose();
    else this.#alarm.set();
  }

  // ---- triggers ----

  #changed(runs: Runs): void {
    if (this.#isOver) return;
    const isFirst = this.#pending === undefined;
    this.#pending = joined(this.#pending, runs);
    if (isFirst) {
      const { minIntervalMs, jitter } = this.#parts.options.live;
      const { clock } = this.#parts;
      const from = Math.max(clock.now(), this.#startedAt + minIntervalMs);
      this.#notBefore = Math.max(this.#notBefore, from + clock.random() * jitter * minIntervalMs);
      this.#alarm.set();
    }
  }
  #follow(
    follow: NonNullable<LiveOptions<App, I, O, C, Principal>["live"]["follow"]>[number],
    first: Receiver<App, I, O, Principal>,
  ): void {
    const runs = runsOf(follow.runs);
    const again = (): void => {
      this.#follow(follow, first);
      this.#changed(runs); // events may have been missed
    };
    const failed = (failure: Failure): void => {
      if (this.#isOver) return;
      reportStale(this.#parts.method, first.cx, failure);
      const timer = this.#parts.clock.setTimeout((run) => run(), FOLLOW_AGAIN_MS, again);
      this.#topics.set(follow, timer);
    };
    try {
      const source = follow.topic.follow(follow.key(first.cx, first.args), undefined, true, {
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
      // The key has no value.
      queueMicrotask(() => this.#fail(this.#receivers, asFailure(thrown)));
    }
  }
  get #due(): number {
    if (this.#composing || this.#waiting.size === 0) return NEVER;
    if (this.#openers.size > 0) return Number.NEGATIVE_INFINITY;
    return this.#pending === undefined ? this.#everyAt : this.#notBefore;
  }
  get #everyAt(): number {
    const { everyMs } = this.#parts.options.live;
    return everyMs === undefined ? NEVER : Math.max(this.#startedAt + everyMs, this.#notBefore);
  }
  #ring(): void {
    if (this.#pending === undefined || this.#parts.clock.now() >= this.#everyAt) this.#pending = "all";
    this.#composing = true;
    this.#parts.pace.add(() => this.#compose());
  }

  // ---- one composition ----

  async #compose(): Promise<void> {
    this.#composing = true;
    const openers = this.#openers;
    this.#openers = new Set();
    if (openers.size > 0) this.#pending = "all";
    const isForAll = this.#parts.clock.now() >= this.#deliveredAt + this.#parts.options.live.minIntervalMs;
    let runs: Runs = "all";
    try {
      let version: LiveVersion<MessageShape<O>> | undefined;
      for (let i = 0; i < AT_ONCE && (version === undefined || this.#pending !== undefined); i++) {
        const [first] = this.#receivers;
        if (first === undefined) return;
        runs = this.#pending ?? "all";
        this.#pending = undefined;
        this.#startedAt = this.#parts.clock.now();
        this.#kept.begin(runs);
        version = await this.#runs.run(first.cx, (cx) => this.#version(cx, first.args));
        if (this.#isOver) return;
        this.#kept.end(true);
      }
      this.#backoff = undefined;
      if (version !== undefined) this.#deliver(version, openers, isForAll);
    } catch (thrown) {
      this.#failed(asFailure(thrown), runs, openers);
    } finally {
      this.#composing = false;
      this.#alarm.set();
    }
  }
  async #version(cx: Request<App, Principal>, args: MessageShape<I>): Promise<LiveVersion<MessageShape<O>>> {
    const { method, options, purges } = this.#parts;
    const { exchange } = cx;
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
    // Upstreams may send the entries of an equal map in another order.
    const shown = withSortedMaps(method.output, asShown(method.output, response, exchange.gates.chosen));
    const bytes = options.codec?.encode(shown) ?? toBinary(method.output, shown);
    return { ...concluded, digest: hash("sha256", bytes, "base64url") };
  }
  /** @param isForAll false: only receivers without a version get one, for others `min_interval` has not passed */
  #deliver(
    version: LiveVersion<MessageShape<O>>,
    openers: Iterable<Receiver<App, I, O, Principal>>,
    isForAll: boolean,
  ) {
    this.#newest = version.digest;
    if (isForAll) {
      this.#delivered = version.digest;
      this.#deliveredAt = this.#startedAt;
    } else if (version.digest !== this.#delivered) this.#changed(NOTHING);
    const getting = [...(isForAll ? this.#waiting : openers)].filter(
      (receiver) => this.#waiting.has(receiver) && !this.#openers.has(receiver),
    );
    for (const receiver of getting) {
      this.#waiting.delete(receiver);
      if (getting.length === 1) receiver.receive(version);
      else this.#parts.turns.add(() => receiver.receive(version));
    }
  }
  #failed(failure: Failure, runs: Runs, openers: Iterable<Receiver<App, I, O, Principal>>): void {
    if (this.#isOver) return;
    this.#kept.end(false);
    this.#fail(openers, failure);
    const [first] = this.#receivers;
    if (first === undefined) return;
    // Those who join meanwhile have no answer that could be old.
    if (this.#receivers.size > this.#openers.size) reportStale(this.#parts.method, first.cx, failure);
    const { clock, options } = this.#parts;
    this.#backoff = this.#backoff?.next(undefined) ?? startBackoff(RETRY, clock);
    this.#notBefore = clock.now() + Math.max(options.live.minIntervalMs, this.#backoff.duration);
    this.#pending = joined(this.#pending, runs);
  }
  #fail(receivers: Iterable<Receiver<App, I, O, Principal>>, failure: Failure): void {
    for (const receiver of [...receivers]) if (this.#receivers.has(receiver)) receiver.failed(failure);
  }
}
type Receiver<App, I extends DescMessage, O extends DescMessage, Principal> = LiveReceiver<
  App,
  MessageShape<I>,
  MessageShape<O>,
  Principal
>;

// One follower of an RPC with deferred parts: a first message with all values that are available, and separate messages
// with later ones.
import { type DescMessage, type DescMethodServerStreaming, isFieldSet, type MessageShape } from "@bufbuild/protobuf";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import type { Clock, Timer } from "../clock.ts";
import { type Degraded, degraded as degradedBy, type Place, placesIn } from "../compose/degrade.ts";
import { type Deferred, partsOf } from "../compose/parts.ts";
import { Opening, type OpeningOptions } from "../endpoint/opening.ts";
import { assertWritable, holdsRequired } from "../endpoint/required-fields.ts";
import { asFailure, type Failure, OVER } from "../failure.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { StreamUse } from "../observer-requests.ts";
import type { Touch } from "../scope/causes.ts";
import { pruned } from "../selection/prune.ts";
import { ALL_FIELDS, type Selection } from "../selection/selection.ts";
import { type Transitions, transition } from "../states.ts";
import { failureOf } from "./early-end.ts";
import { asItIs, onlyThese, Paths } from "./part-messages.ts";
import type { PartsOptions } from "./parts-options.ts";
import type { Follower, Following } from "./stream-endpoint.ts";

/** Time after which a follower that does not read its last message is dropped, in milliseconds. */
const STALLED_MS = 10_000;
const NONE: readonly never[] = [];

/**
 * Progress of a follower:
 * - `composing`: it waits for its first message.
 * - `following`: parts may follow the first message.
 * - `finishing`: all parts have been sent; side effects still run.
 * - `over`: the follower has its end, or has left.
 */
type PartsState = "composing" | "following" | "finishing" | "over";
export const PARTS_TRANSITIONS: Transitions<PartsState> = {
  composing: ["following", "over"],
  following: ["finishing", "over"],
  finishing: ["over"],
  over: [],
};

/** Parts that all followers of one RPC share. */
interface PartsRpc<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal> {
  readonly method: DescMethodServerStreaming<I, O>;
  readonly clock: Clock;
  readonly opening: OpeningOptions<App, MessageShape<I>, Principal>;
  readonly options: PartsOptions<App, I, O, C, Principal>;
}

/** A part whose owner has its place. */
interface Coming {
  readonly part: Deferred;
  readonly places: readonly Place[];
  /** True if a place of its owner is in a list or a map, into which protobuf cannot merge. */
  readonly listed: boolean;
  /** True if the follower has received its owner without it. */
  missed: boolean;
}

export class PartsFollow<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>
  implements Following
{
  readonly #rpc: PartsRpc<App, I, O, C, Principal>;
  readonly #args: MessageShape<I>;
  readonly #follower: Follower;
  readonly #opening: Opening<App, MessageShape<I>, Principal> | undefined;
  /** The composed message with all arrived parts. It is never sent as it is. */
  #whole: MessageShape<C> | undefined;
  /** Parts whose owners have no place yet. */
  #unplaced: Deferred[] = [];
  readonly #coming = new Set<Coming>();
  #come: Coming[] = [];
  /** Touches that no message has reported yet. */
  #touches: Touch[] = [];
  #touchesSeen = 0;
  #state: PartsState = "composing";
  #scheduled = false;
  /** Set while the follower does not read. */
  #stalled: Timer | undefined;
  readonly #use: { -readonly [K in keyof StreamUse]: StreamUse[K] };

  constructor(
    rpc: PartsRpc<App, I, O, C, Principal>,
    args: MessageShape<I>,
    headers: IncomingHeaders,
    clientMs: number | undefined,
    follower: Follower,
  ) {
    this.#rpc = rpc;
    this.#args = args;
    this.#follower = follower;
    this.#use = { openedAt: 0, items: 0, degraded: 0, end: "failed" };
    this.#opening = Opening.begin(rpc.opening, args, headers, clientMs, (failure, metadata) =>
      this.#failed(failure, metadata),
    );
  }

  async open(): Promise<void> {
    if (this.#opening === undefined || this.#over) return;
    const { cx, exchange } = this.#opening;
    try {
      const passing = this.#opening.passes();
      if (!(passing instanceof Promise ? await passing : passing)) return;
      const whole = await this.#rpc.options.compose(cx, this.#args);
      await exchange.settled(exchange.first);
      if (exchange.over) return;
      this.#whole = whole;
      this.#place();
      this.#schedule(); // parts that have ended are in the first message
    } catch (thrown) {
      exchange.scope.fail(asFailure(thrown));
    }
  }

  // ---- parts ----

  /** Starts the parts whose owners have got their places. */
  #place(): void {
    const parts = this.#opening?.exchange.parts;
    if (parts === undefined) return;
    const waiting = [...this.#unplaced.splice(0), ...parts.taken()];
    if (waiting.length === 0) return;
    const places = this.#places();
    for (const part of waiting) {
      const at = places.get(part.owner);
      if (at === undefined) this.#unplaced.push(part);
      else this.#start({ part, places: at, listed: at.some(({ path, folded }) => path !== folded), missed: false });
    }
  }
  #start(coming: Coming): void {
    this.#coming.add(coming);
    this.#opening?.exchange.parts?.arrives(coming.part).then(() => {
      if (this.#over) return;
      this.#coming.delete(coming);
      this.#come.push(coming);
      this.#place();
      this.#schedule();
    });
  }
  #places(): Map<object, Place[]> {
    const { method, options } = this.#rpc;
    return placesIn(options.respond?.schema ?? method.output, this.#whole ?? {}, method.output);
  }

  // ---- towards the follower ----

  /** Delivers the parts that end in one turn of the event loop in one message. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const { clock } = this.#rpc;
    if (clock.setImmediate === undefined) setImmediate(deliver, this as Scheduled);
    else clock.setImmediate(deliver, this as Scheduled);
  }
  deliver(): void {
    this.#scheduled = false;
    if (!this.#over) this.#goOn();
  }
  #goOn(): void {
    if (this.#stalled !== undefined || [...this.#coming].some(({ listed }) => listed)) return;
    try {
      if (this.#state === "composing") this.#giveFirst();
      else if (this.#come.length > 0) this.#giveMore();
    } catch (thrown) {
      this.#opening?.exchange.scope.fail(asFailure(thrown)); // it could not be made or written
    }
    if (!this.#over && this.#coming.size === 0) void this.#finish();
  }
  #giveFirst(): void {
    const { method, options } = this.#rpc;
    const { respond } = options;
    const desc = respond?.schema ?? method.output;
    const whole = this.#whole as MessageShape<C>; // no delivery is scheduled without it
    const owners = this.#owners();
    const now = this.#coming.size === 0 ? whole : asItIs(desc, whole, owners);
    const response = respond === undefined ? (now as unknown as MessageShape<O>) : respond.as(now);
    if (holdsRequired(method.output)) assertWritable(method.output, response);
    this.#use.openedAt = this.#rpc.clock.now();
    this.#opening?.opened(() => ({ ...this.#use }));
    this.#follower.opened(this.#opening?.metadataToOpen());
    if (this.#over) return;
    this.#enter("following");
    this.#give(response);
  }
  #giveMore(): void {
    const { method, options } = this.#rpc;
    const { respond } = options;
    const desc = respond?.schema ?? method.output;
    const paths = this.#come
      .filter(({ missed }) => missed)
      .flatMap(({ part, places }) => places.flatMap(({ path }) => part.fields.map((field) => `${path}${field}`)));
    const composed = onlyThese(desc, this.#whole ?? {}, Paths.of(paths), this.#owners()) as MessageShape<C>;
    if (respond === undefined) {
      this.#give(composed as unknown as MessageShape<O>);
      return;
    }
    // Fields that `as` makes from missing fields are no arrived parts.
    const first = Paths.of(paths.map((path) => path.split(".", 1)[0] ?? path));
    this.#give(onlyThese(method.output, respond.as(composed), first) as MessageShape<O>, true);
  }
  get #shown(): Selection {
    return this.#opening?.exchange.gates.chosen.shown ?? ALL_FIELDS;
  }
  /** Returns the paths of messages that may still change. */
  #owners(): Paths {
    const at = [...this.#coming].flatMap(({ places }) => places.map(({ path }) => path.slice(0, -1)));
    return Paths.of(at.filter((path) => path !== ""));
  }
  /** @param perhaps true to send no empty message */
  #give(composed: MessageShape<O>, perhaps = false): void {
    const { method, options } = this.#rpc;
    const shown = this.#shown;
    const response = pruned(method.output, composed, shown);
    const desc = options.respond?.schema ?? method.output;
    const found = this.#lacking(desc);
    if (found !== undefined) options.degraded?.(response, [...found.entries]);
    const come = this.#come.splice(0);
    const names = partsOf(
      come.map(({ part }) => part),
      this.#whole ?? {},
      desc,
      method.output,
      shown,
    );
    if (names.length > 0) options.parts?.(response, names);
    for (const coming of this.#coming) coming.missed = true;
    // All fields of a part may be unselected.
    if (
      (perhaps || (this.#use.items > 0 && !shown.whole)) &&
      !method.output.fields.some((field) => isFieldSet(response, field))
    )
      return;
    let isComplete = found === undefined;
    const ready = this.#follower.item(response, undefined, (fields) => {
      isComplete = false;
      this.#opening?.lacked(fields);
    });
    if (this.#over) return;
    this.#use.items++;
    if (!isComplete) this.#use.degraded++;
    if (found !== undefined) this.#opening?.lacked(found);
    if (!ready) this.#stalled = this.#rpc.clock.setTimeout(slow, STALLED_MS, this as Slow);
  }
  /** Returns the unreported touches that have a place. */
  #lacking(desc: DescMessage): Degraded | undefined {
    const touches = this.#opening?.exchange.causes?.touches ?? NONE;
    this.#touches.push(...touches.slice(this.#touchesSeen));
    this.#touchesSeen = touches.length;
    if (this.#touches.length === 0) return undefined;
    const places = this.#places();
    const reportable = this.#touches.filter(({ message }) => places.has(message));
    this.#touches = this.#touches.filter(({ message }) => !places.has(message));
    const found = degradedBy(desc, this.#whole ?? {}, reportable, this.#rpc.method.output, this.#shown);
    return found.entries.length > 0 ? found : undefined;
  }

  // ---- ends ----

  ready(): void {
    if (this.#stalled === undefined) return;
    this.#clear();
    this.#goOn();
  }
  /** Does nothing: the RPC has one answer, which ends soon, and completes like others. */
  drain(): void {}
  cancel(why: Failure = OVER): void {
    if (this.#over) return;
    this.#use.end = "left";
    this.#close();
    this.#opening?.leave(why);
  }
  giveUp(): void {
    if (this.#over) return;
    this.#use.end = "slow";
    this.#opening?.exchange.scope.fail(failureOf("slow"));
  }
  /** Finishes after side effects have ended. */
  async #finish(): Promise<void> {
    if (this.#state === "finishing") return;
    this.#enter("finishing");
    const { exchange, metadata } = this.#opening ?? {};
    await exchange?.settled();
    if (this.#over) return;
    this.#use.end = "ended";
    this.#close();
    exchange?.end();
    this.#follower.ended(metadata);
    const whole = this.#whole as MessageShape<C>; // a first message has left
    this.#opening?.completed(() => this.#rpc.options.respond?.as(whole) ?? whole);
    this.#opening?.observe({ ok: true, degraded: NONE, failures: NONE });
  }
  #failed(failure: Failure, metadata: AnswerMetadata | undefined): void {
    this.#close();
    this.#follower.failed(failure, undefined, metadata);
  }
  #close(): void {
    this.#enter("over");
    this.#clear();
  }
  #clear(): void {
    if (this.#stalled !== undefined) this.#rpc.clock.clearTimeout(this.#stalled);
    this.#stalled = undefined;
  }
  get #over(): boolean {
    return this.#state === "over";
  }
  #enter(state: PartsState): void {
    this.#state = transition(PARTS_TRANSITIONS, this.#state, state);
  }
}

interface Slow {
  giveUp(): void;
}
interface Scheduled {
  deliver(): void;
}
const deliver = (follower: Scheduled): void => follower.deliver();
const slow = (follower: Slow): void => follower.giveUp();

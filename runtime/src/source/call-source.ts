import { onItsSide } from "../call/branches.ts";
import type { CallContext } from "../call/context.ts";
import type { Metadata } from "../call/headers.ts";
import { prepareCall } from "../call/outgoing-call.ts";
import type { ShardChoice } from "../call/policy.ts";
import { onItsShard } from "../call/shards.ts";
import type { StreamRpc } from "../call/upstream.ts";
import type { Timer } from "../clock.ts";
import { asFailure, Code, type Failure, type Fault, invalid, Reason } from "../failure.ts";
import { type Backoff, startBackoff } from "../guard/retry.ts";
import { type Transitions, transition } from "../states.ts";
import { type PositionKind, type PositionValue, positionOf, tokenOf } from "./position.ts";
import type { ItemSource, Items, OpenSource } from "./source.ts";
import { StreamCall, type StreamOwner, type StreamRequest, type StreamSink } from "./stream-call.ts";

/**
 * Time for which a broken source is reopened, in milliseconds. It starts anew with an item, or after the source has
 * been open for a while.
 */
const REOPEN_MS = 30_000;
/** The waits between. */
const WAITS = { initialMs: 200, maxMs: 5_000, multiplier: 2 };
/** Time in milliseconds after which an open source starts its attempts and waits anew. */
const STOOD_MS = 5_000;

/** Position of an item in its stream. */
export interface ItemPosition<Item, K extends PositionKind> {
  readonly kind: K;
  /** Returns the position; undefined: this item has none, and a resumption starts from the item before it. */
  readonly of: (item: Item) => PositionValue<K> | undefined;
}

/** Options of a stream call, besides its request. */
export interface StreamExtra<Cx, Args, Opened> {
  readonly metadata?: ((cx: Cx, args: Args, opened: Opened) => Metadata) | undefined;
  /** Shard of the stream, in place of the policy's. It is chosen once, before the first opening. */
  readonly shard?: ((cx: Cx, args: Args, opened: Opened) => ShardChoice) | undefined;
  /** Opening it does something: it is never opened again by ourselves. */
  readonly effect?: boolean | undefined;
}

/**
 * Returns a source that is a server stream of an upstream. A stream that breaks before its first item, or whose items
 * have positions, is reopened behind the last item, for 30 s.
 *
 * @param request creates the request; `resume` is the position in a token, undefined without a token, or if it is
 * unreadable
 * @param position undefined: the stream cannot be resumed from an item
 * @example
 * const source = callSource(
 *   app.watchRun,
 *   (_cx, { runId }: FollowRunRequest, _opened, resume) => ({ runId, afterSeq: resume ?? 0n }),
 *   { kind: "uint", of: ({ seq }) => seq },
 * );
 */
export function callSource<Cx extends CallContext, Args, Opened, Req, Item, K extends PositionKind>(
  rpc: StreamRpc<Req, Item>,
  request: (cx: Cx, args: Args, opened: Opened, resume: PositionValue<K> | undefined) => Req,
  position?: ItemPosition<Item, K>,
  extra: StreamExtra<Cx, Args, Opened> = {},
): OpenSource<Cx, Args, Opened, Item> {
  return (cx, args, opened, resume, items) => {
    let its = rpc.branches === undefined ? rpc : onItsSide(cx, rpc);
    const write = (from: PositionValue<K> | undefined): StreamRequest => {
      const metadata = extra.metadata?.(cx, args, opened);
      const { frame, headers } = prepareCall(cx, its, request(cx, args, opened, from), { metadata });
      return { frame, headers: cx.exchange.headers.identified(headers) };
    };
    let first = write;
    if (its.shards !== undefined) {
      try {
        its = onItsShard(cx, its, request(cx, args, opened, undefined), extra.shard?.(cx, args, opened));
      } catch (thrown) {
        first = () => {
          throw thrown;
        };
      }
    }
    return new CallSource(
      ownerOf(cx),
      { rpc: its, write: first, position, reopens: extra.effect !== true },
      resume,
      items,
    ).begin();
  };
}

function ownerOf(cx: CallContext): StreamOwner {
  const { exchange, root } = cx;
  return {
    request: root,
    trace: exchange.trace,
    header: (name) => exchange.headers.text(name),
    sends: () => exchange.calls.sends(),
  };
}

/** `open`: it was reported as open. `flowing`: an item has come. */
type SourceState = "opening" | "open" | "flowing" | "over";
export const SOURCE_TRANSITIONS: Transitions<SourceState> = {
  opening: ["open", "flowing", "over"],
  open: ["flowing", "over"],
  flowing: ["over"],
  over: [],
};

/** A call whose items are a source. */
interface FollowedCall<Item, K extends PositionKind> {
  readonly rpc: StreamRpc<never, Item>;
  /** Creates the request. */
  readonly write: (resume: PositionValue<K> | undefined) => StreamRequest;
  readonly position: ItemPosition<Item, K> | undefined;
  /** True if this process may reopen it. */
  readonly reopens: boolean;
}

/** Items of one stream after the other. */
class CallSource<Item, K extends PositionKind> implements ItemSource, StreamSink<Item> {
  readonly #owner: StreamOwner;
  readonly #of: FollowedCall<Item, K>;
  readonly #items: Items<Item>;
  #resume: PositionValue<K> | undefined;
  #token: string | undefined;
  #reset: boolean;
  #call: StreamCall<Item> | undefined;
  #requested = 0;
  #state: SourceState = "opening";
  #brokeAt: number | undefined; // since when nothing has come
  #backoff: Backoff | undefined;
  #timer: Timer | undefined;
  #giveWay: (() => void) | undefined;

  /** @param resume a token */
  constructor(owner: StreamOwner, of: FollowedCall<Item, K>, resume: string | undefined, items: Items<Item>) {
    const { position } = of;
    this.#owner = owner;
    this.#of = of;
    this.#items = items;
    this.#resume = resume === undefined ? undefined : position && positionOf(position.kind, resume);
    this.#reset = resume !== undefined && this.#resume === undefined;
    this.#token = this.#resume === undefined ? undefined : resume;
  }
  begin(): this {
    this.open();
    return this;
  }
  open(): void {
    this.#timer = undefined;
    try {
      this.#call = StreamCall.open(this.#owner, this.#of.rpc, this.#of.write(this.#resume), this);
    } catch (thrown) {
      queueMicrotask(() => this.#fail(asFailure(thrown))); // the request cannot be written
      return;
    }
    this.#call.idle(this.#giveWay);
    if (this.#requested > 0) this.#call.take(this.#requested);
  }

  next(): void {
    if (this.#over) return;
    this.#requested++;
    this.#call?.take(1);
  }
  cancel(): void {
    if (this.#over) return;
    this.#end();
    this.#call?.cancel();
  }
  idle(giveWay: (() => void) | undefined): void {
    this.#giveWay = giveWay;
    this.#call?.idle(giveWay);
  }
  silent(): boolean {
    if (this.#over || !this.#mayReopen()) return false;
    if (this.#timer !== undefined) return true; // it is about to be
    this.#call?.cancel();
    this.#again(undefined);
    return true;
  }

  opened(): void {
    if (this.#state !== "opening") return;
    this.#enter("open");
    this.#items.opened?.();
  }
  item(item: Item, bytes: number): void {
    let token = this.#token;
    try {
      const value = this.#of.position?.of(item);
      if (this.#of.position !== undefined && value !== undefined) {
        token = tokenOf(this.#of.position.kind, value);
        this.#resume = value;
      }
    } catch (thrown) {
      this.#call?.cancel();
      this.#fail(invalid(this.#of.rpc.method, String(thrown), thrown));
      return;
    }
    const reset = this.#reset;
    this.#reset = false;
    this.#token = token;
    this.#requested--;
    if (this.#state === "opening" || this.#state === "open") this.#enter("flowing");
    this.#brokeAt = undefined;
    this.#items.item(item, { token, reset }, bytes);
  }
  ended(): void {
    if (this.#over) return;
    this.#end();
    this.#items.ended(this.#reset);
  }
  failed(failure: Failure, fault: Fault | undefined): void {
    if (this.#over) return;
    const now = this.#of.rpc.upstream.clock.now();
    if (now - (this.#call?.openFrom ?? now) >= STOOD_MS) {
      this.#backoff = undefined;
      this.#brokeAt = undefined;
    }
    const pushbackMs = fault?.pushbackMs;
    if (isBreak(failure, fault) && (pushbackMs ?? 0) >= 0 && this.#mayReopen()) this.#again(pushbackMs);
    else this.#fail(this.#located(failure));
  }
  /** The same with the position of the last item, where an item makes no sense. */
  #located(failure: Failure): Failure {
    if (failure.reason !== Reason.INVALID || this.#resume === undefined) return failure;
    const behind = JSON.stringify(String(this.#resume).slice(0, 64));
    return invalid(this.#of.rpc.method, `behind position ${behind}: ${failure.logText}`, failure.cause);
  }
  #mayReopen(): boolean {
    if (!this.#of.reopens || (this.#state === "flowing" && this.#resume === undefined)) return false;
    const now = this.#of.rpc.upstream.clock.now();
    this.#brokeAt ??= now;
    return now - this.#brokeAt < REOPEN_MS;
  }
  #again(pushbackMs: number | undefined): void {
    const { clock } = this.#of.rpc.upstream;
    this.#call = undefined;
    this.#backoff = this.#backoff?.next(undefined) ?? startBackoff(WAITS, clock);
    this.#timer = clock.setTimeout(open, pushbackMs ?? this.#backoff.duration, this);
  }
  #fail(failure: Failure): void {
    if (this.#over) return;
    this.#end();
    this.#items.failed(failure);
  }
  get #over(): boolean {
    return this.#state === "over";
  }
  #enter(state: SourceState): void {
    this.#state = transition(SOURCE_TRANSITIONS, this.#state, state);
  }
  #end(): void {
    this.#enter("over");
    if (this.#timer !== undefined) this.#of.rpc.upstream.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

const open = (source: { open(): void }): void => source.open();

/**
 * Reports whether the source may soon be available again. That excludes refusals by this process for lack of places,
 * and final statuses of the upstream.
 */
function isBreak({ code, reason }: Failure, fault: Fault | undefined): boolean {
  if (fault === undefined) return code === Code.UNAVAILABLE || reason === Reason.TIMEOUT;
  return code === Code.UNAVAILABLE || fault.kind === "transport" || fault.kind === "unprocessed";
}

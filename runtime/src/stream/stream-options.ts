import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Position } from "@protobff/messages/bff/v1/stream_pb.js";
import type { Degraded } from "../compose/degrade.ts";
import type { Request } from "../compose/request.ts";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";
import type { Recheck } from "../identity/authenticated-request.ts";
import type { OpenSource } from "../source/source.ts";

/**
 * Handling of items while the follower does not read. `wait` requests no more from the source, `latest` keeps only the
 * newest, `fail` fails after 10 s.
 */
export type Overflow = "wait" | "latest" | "fail";

/** A response, and its degradations. */
export interface ComposedItem<M> {
  readonly response: M;
  readonly found: Degraded | undefined;
}

/** Options of one server-streaming RPC: an `endpoint` that composes each item of a source separately. */
export interface StreamOptions<
  App,
  I extends DescMessage,
  O extends DescMessage,
  Opened,
  Item,
  C extends DescMessage = O,
  Principal = undefined,
> extends Omit<EndpointOptions<App, I, O, C, Principal>, "compose" | "timeoutMs" | "cache" | "http" | "rest"> {
  /** Time limit of the opening, and of each item, in milliseconds. A client can only shorten it. */
  readonly timeoutMs: number;
  /**
   * Composes once, before the source is opened, the values that do not depend on items. It resolves when all of its
   * steps have ended. Items see the causes of promises in its result. Default: `opened` is undefined.
   */
  readonly open?: ((cx: Request<App, Principal>, args: MessageShape<I>) => Opened | Promise<Opened>) | undefined;
  readonly source: OpenSource<Request<App, Principal>, MessageShape<I>, Opened, Item>;
  /** Selects the items that are composed. Undefined counts as false; a throw ends the stream. */
  readonly if?: OnItem<App, I, Opened, Item, Principal> | undefined;
  /** Reports whether an item is the last one. Also called for items that `if` drops. */
  readonly until?: OnItem<App, I, Opened, Item, Principal> | undefined;
  /** @param cx a separate request for each item, with its budget, its batches, its time */
  readonly compose: (
    cx: Request<App, Principal>,
    args: MessageShape<I>,
    item: Item,
    opened: Opened,
  ) => Promise<MessageShape<C>>;
  /** Returns the response for an item that is composed already, with its degradations. `compose` is then not called. */
  readonly composed?: ((item: Item) => ComposedItem<MessageShape<O>>) | undefined;
  /** Checks the caller again while the stream is open, besides its credential. */
  readonly recheck?: ((cx: Request<App, Principal>, args: MessageShape<I>) => ReturnType<Recheck>) | undefined;
  /** Stores the position in the response. Undefined if the response has no field for it. */
  readonly stamp?: ((response: MessageShape<O>, position: Position) => void) | undefined;
  /** Time without an item after which a source counts as failed, in milliseconds. Default: never. */
  readonly idleMs?: number | undefined;
  /**
   * Time without a message after which the follower receives a heartbeat, in milliseconds. Needs `stamp`. Default:
   * never.
   */
  readonly heartbeatMs?: number | undefined;
  /** Maximum duration of a stream, in milliseconds, varied by a tenth. Default: unlimited. */
  readonly maxAgeMs?: number | undefined;
  /** Maximum number of items that are composed at once. Default: 4; always 1 with `latest`. */
  readonly ahead?: number | undefined;
  /** Default `wait`. */
  readonly overflow?: Overflow | undefined;
  /** Shortest interval between two messages, in milliseconds. Default: 0. */
  readonly minIntervalMs?: number | undefined;
}

/** Condition that is evaluated for an item before it is composed. */
type OnItem<App, I extends DescMessage, Opened, Item, Principal> = (
  cx: Request<App, Principal>,
  args: MessageShape<I>,
  item: Item,
  opened: Opened,
) => boolean | undefined | Promise<boolean | undefined>;

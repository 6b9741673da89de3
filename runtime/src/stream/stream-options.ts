import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Position } from "@protobff/messages/bff/v1/stream_pb.js";
import type { Request } from "../compose/request.ts";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";
import type { OpenSource } from "../source/source.ts";

/** What becomes of items when their follower does not read: `wait` asks the source for no more, `latest` keeps the newest alone, `fail` waits 10 s. */
export type Overflow = "wait" | "latest" | "fail";

/** How one server-streaming rpc is served: an `endpoint`, of which each item of a source is composed by itself. */
export interface StreamOptions<
  App,
  I extends DescMessage,
  O extends DescMessage,
  Opened,
  Item,
  C extends DescMessage = O,
  Principal = undefined,
> extends Omit<EndpointOptions<App, I, O, C, Principal>, "compose" | "timeoutMs" | "cache" | "http" | "rest"> {
  /** Of the opening, and of each item, each by itself. A client can only shorten it. */
  readonly timeoutMs: number;
  /**
   * What is composed once, before the source is opened: whatever does not rest on items. It resolves when all of its steps have ended; causes of
   * promises in what it gives are seen by items. Left out: `opened` is undefined.
   */
  readonly open?: ((cx: Request<App, Principal>, args: MessageShape<I>) => Opened | Promise<Opened>) | undefined;
  readonly source: OpenSource<Request<App, Principal>, MessageShape<I>, Opened, Item>;
  /** Which items are composed. Undefined counts as false; a throw ends the stream. */
  readonly if?: OnItem<App, I, Opened, Item, Principal> | undefined;
  /** Whether an item is the last one. Asked also of those that `if` drops. */
  readonly until?: OnItem<App, I, Opened, Item, Principal> | undefined;
  /** @param cx a request of its own for each item: its budget, its batches, its time */
  readonly compose: (
    cx: Request<App, Principal>,
    args: MessageShape<I>,
    item: Item,
    opened: Opened,
  ) => Promise<MessageShape<C>>;
  /** Puts the position where the response keeps it; left out: it has no place for one. */
  readonly stamp?: ((response: MessageShape<O>, position: Position) => void) | undefined;
  /** A source that gives nothing for so long has broken, in milliseconds. Default: never. */
  readonly idleMs?: number | undefined;
  /** After so long without a message the follower gets one that says only that; needs `stamp`. Default: never. */
  readonly heartbeatMs?: number | undefined;
  /** For so long, give or take a tenth, a stream may be open. Default: without end. */
  readonly maxAgeMs?: number | undefined;
  /** How many items are composed at once. Default 4; of `latest` always 1. */
  readonly ahead?: number | undefined;
  /** Default `wait`. */
  readonly overflow?: Overflow | undefined;
  /** No message follows another one sooner, in milliseconds. Default 0. */
  readonly minIntervalMs?: number | undefined;
}

/** What is asked of an item before it is composed. */
export type OnItem<App, I extends DescMessage, Opened, Item, Principal> = (
  cx: Request<App, Principal>,
  args: MessageShape<I>,
  item: Item,
  opened: Opened,
) => boolean | undefined | Promise<boolean | undefined>;

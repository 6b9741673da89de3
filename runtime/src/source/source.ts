// Sources: items that somebody follows, one at a time: server streams of upstreams here, topics in a room of their own.
import type { Failure } from "../failure.ts";

/** Where an item stands in its source: what a client, or we ourselves, go on from. */
export interface At {
  /** Opaque to clients; undefined where the source cannot be resumed. */
  readonly token: string | undefined;
  /** What follows, from this item on, replaces what the client has: something between was lost. */
  readonly reset: boolean;
}

/** Hears of a source, never before the function that opened it has returned; nothing after `ended`, `failed` or `cancel`. */
export interface Items<Item> {
  /** It stands, and nothing has come so far. At most once, and not after the first item. */
  opened?(): void;
  /**
   * One item for each `next`.
   *
   * @param bytes its length as it came, where that is known
   */
  item(item: Item, at: At, bytes?: number): void;
  /**
   * The source is at its end: nothing will ever follow.
   *
   * @param reset what the client has holds no longer, though no item has come that could say so
   */
  ended(reset?: boolean): void;
  failed(failure: Failure): void;
}

/** Items that somebody follows: a server stream of an upstream, or a topic. */
export interface ItemSource {
  /** Asks for one more item. */
  next(): void;
  /** Nobody wants any more: whatever runs for it ends. */
  cancel(): void;
  /**
   * What was asked for has not come for the `idle` of its rpc.
   *
   * @returns whether it asks anew by itself, so that it is still to be waited for; left out: it never does
   */
  silent?(): boolean;
  /**
   * Nobody reads for now, but it may stay open.
   *
   * @param giveWay cancels it where others need its place; undefined: somebody reads again
   */
  idle?(giveWay: (() => void) | undefined): void;
}

/**
 * Opens a source for one follower. Whatever goes wrong is told by `items.failed`.
 *
 * @param cx of the opening: its headers, caller and branches hold for the whole stream, its budget does not
 * @param opened what the opening has composed
 * @param resume the token of the item behind which to go on; undefined: from the beginning
 */
export type OpenSource<Cx, Args, Opened, Item> = (
  cx: Cx,
  args: Args,
  opened: Opened,
  resume: string | undefined,
  items: Items<Item>,
) => ItemSource;

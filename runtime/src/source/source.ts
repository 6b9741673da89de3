// Sources: items for a follower, one at a time. Server streams of upstreams are here, topics in a separate folder.
import type { Failure } from "../failure.ts";

/** Position of an item in its source, from which a client or this process resumes. */
export interface At {
  /** Opaque to clients; undefined if the source cannot be resumed. */
  readonly token: string | undefined;
  /** True if the items from this one on replace the client's items: some between were lost. */
  readonly reset: boolean;
}

/**
 * Receiver of a source's items. It is not called before the function that opened the source returns, and not after
 * `ended`, `failed` or `cancel`.
 */
export interface Items<Item> {
  /** Called when the source is open and no item has arrived. At most once, and not after the first item. */
  opened?(): void;
  /**
   * Receives one item for each `next`.
   *
   * @param bytes its length as received, if known
   */
  item(item: Item, at: At, bytes?: number): void;
  /**
   * Called at the end of the source: no item will ever follow.
   *
   * @param reset the client's items are no longer valid, though no item has arrived to report that
   */
  ended(reset?: boolean): void;
  failed(failure: Failure): void;
  /** Called when the caller may no longer receive items. The last call, as `failed`. */
  denied?(failure: Failure): void;
}

/** Items for a follower: a server stream of an upstream, or a topic. */
export interface ItemSource {
  /** Requests one more item. */
  next(): void;
  /** Ends all work for this source, because its items are no longer needed. */
  cancel(): void;
  /**
   * Called when a requested item has not arrived for the `idle` of its RPC.
   *
   * @returns whether the source renews its request by itself, so that the wait continues; left out: it never does
   */
  silent?(): boolean;
  /**
   * Called when the items are not read for now, but the source may stay open.
   *
   * @param giveWay cancels it if other streams need its place; undefined: its items are read again
   */
  idle?(giveWay: (() => void) | undefined): void;
}

/**
 * Opens a source for one follower. All errors are reported by `items.failed`.
 *
 * @param cx of the opening: its headers, caller and branches hold for the whole stream, its budget does not
 * @param opened result of the opening steps
 * @param resume the token of the item behind which to resume; undefined: from the beginning
 */
export type OpenSource<Cx, Args, Opened, Item> = (
  cx: Cx,
  args: Args,
  opened: Opened,
  resume: string | undefined,
  items: Items<Item>,
) => ItemSource;

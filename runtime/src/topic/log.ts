import type { Failure } from "../failure.ts";
import type { ItemSource } from "../source/source.ts";

/** Place of an item in the log of its key: a sequence number, or the value of the topic's `position`. */
export type Place = bigint | string;

/** One item of a key, which all followers of the key share. */
export interface Entry<Item> {
  readonly place: Place;
  /** The decoded item, or the failure of its decoding. */
  readonly item: Item | Failure;
  /** Encoded size, in bytes. */
  readonly bytes: number;
}

/** The state of a key when its tail opens. */
export interface TailState<Item> {
  /** Epoch of the log. Places of another epoch are meaningless. At most 128 characters. */
  readonly epoch: string;
  /** The newest item, if it is known. It is not delivered again. */
  readonly newest?: Entry<Item> | undefined;
  /**
   * Place after which every item is `newest`, or is delivered later. Undefined if that holds for all items of the key.
   */
  readonly from: Place | undefined;
}

/** Receives all new items of a key, never before `tail` has returned. No event follows `ended`, `failed` or `close`. */
export interface TailReceiver<Item> {
  /** Reports that the keeper of the log has accepted the request. At any time, and more than once. */
  accepted(): void;
  /** Reports the state before any item, and again after `replaced`. */
  opened(standing: TailState<Item>): void;
  entry(entry: Entry<Item>): void;
  /** Reports that delivered items no longer count: the log was recreated, or items were missed. `opened` follows. */
  replaced(): void;
  /** Reports the end: no items will follow. */
  ended(): void;
  failed(failure: Failure): void;
}

/** Receives the items after a place, one item for each `next`, never before `read` has returned. */
export interface ReadReceiver<Item> {
  /** Reports that the keeper of the log has accepted the request. */
  accepted(): void;
  /** Reports the item at the place itself, if the log can read it. Precedes all other events. */
  at(entry: Entry<Item>): void;
  entry(entry: Entry<Item>): void;
  /** Reports that no further item exists yet. The next item may be requested again. */
  dry(): void;
  /** Reports that an item after the place was dropped, or that the place is none of this key. The last call. */
  lost(): void;
  ended(): void;
  failed(failure: Failure): void;
}

/** The tail of a key that is being followed. */
export interface Tail {
  /**
   * Reports that the key has no follower at present.
   *
   * @param giveWay closes the tail if others need its place; undefined when the key has a follower again
   */
  idle?(giveWay: (() => void) | undefined): void;
  /** Closes the tail, and ends all work for it. */
  close(): void;
}

/** Items by key, each at its place: JetStream, a call of an upstream, or memory in tests. */
export interface Log<Item> {
  /** True if places are numbers that grow. Otherwise they can only be compared for equality. */
  readonly ordered: boolean;
  /** Longest time that the tail of a key stays open without followers of the key, in milliseconds. */
  readonly lingerMs: number;
  /** Number of remote resources for its followers: consumers of JetStream, or streams of an upstream. */
  readonly consumers: number;
  tail(key: string, receiver: TailReceiver<Item>): Tail;
  /**
   * Reads items for one follower that is behind the items in the process.
   *
   * @param after undefined to begin at the oldest item
   */
  read(key: string, after: Place | undefined, receiver: ReadReceiver<Item>): ItemSource;
}

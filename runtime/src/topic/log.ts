import type { Failure } from "../failure.ts";
import type { ItemSource } from "../source/source.ts";

/** Where an item stands in the log of its key: a sequence number, or what the topic's `position` gives of it. */
export type Place = bigint | string;

/** One item of a key, as all who follow the key share it. */
export interface Entry<Item> {
  readonly place: Place;
  /** A failure where it could not be decoded. */
  readonly item: Item | Failure;
  /** Encoded. */
  readonly bytes: number;
}

/** The state of a key when its tail opens. */
export interface TailState<Item> {
  /** Places of another epoch say nothing. At most 128 characters. */
  readonly epoch: string;
  /** The newest item, where that is known: it is not given once more. */
  readonly newest?: Entry<Item> | undefined;
  /** All that stands behind this place is `newest`, or is given later; undefined: all that the log has of the key. */
  readonly from: Place | undefined;
}

/** Receives all new items of a key, never before `tail` has returned; nothing after `ended`, `failed` or `close`. */
export interface TailReceiver<Item> {
  /** Whoever keeps the log has said that it will answer. At any time, and more than once. */
  accepted(): void;
  /** Before any item, and again after `replaced`. */
  opened(standing: TailState<Item>): void;
  entry(entry: Entry<Item>): void;
  /** What was given counts no longer: the log has been made anew, or something of it has been missed. `opened` follows. */
  replaced(): void;
  /** Nothing will ever follow. */
  ended(): void;
  failed(failure: Failure): void;
}

/** Receives the items behind a place, one item for each `next`; never before `read` has returned. */
export interface ReadReceiver<Item> {
  /** Who keeps the log has said that it will answer. */
  accepted(): void;
  /** What stands at the place itself, where the log can tell: before anything else. */
  at(entry: Entry<Item>): void;
  entry(entry: Entry<Item>): void;
  /** In place of an item: so far there is none. It may be asked again. */
  dry(): void;
  /** Something behind the place is gone, or the place was never one of this key. The last call. */
  lost(): void;
  ended(): void;
  failed(failure: Failure): void;
}

/** The tail of a key that is being followed. */
export interface Tail {
  /**
   * Nobody follows the key for now.
   *
   * @param giveWay closes it where others need its place; undefined: somebody follows again
   */
  idle?(giveWay: (() => void) | undefined): void;
  /** Nobody wants it any more: whatever runs for it ends. */
  close(): void;
}

/** Items by key, each at a place of its own: JetStream, a call of an upstream, or memory in tests. */
export interface Log<Item> {
  /** Whether places are numbers that grow. If not, they are only ever equal or not. */
  readonly ordered: boolean;
  /** The longest time that the tail of a key stays open when nobody follows the key any more, in milliseconds. */
  readonly lingerMs: number;
  /** What runs elsewhere for its followers: consumers of JetStream, streams of an upstream. */
  readonly consumers: number;
  tail(key: string, hears: TailReceiver<Item>): Tail;
  /**
   * For one follower who is behind what the process keeps.
   *
   * @param after undefined: from the oldest item that there is
   */
  read(key: string, after: Place | undefined, hears: ReadReceiver<Item>): ItemSource;
}

import type { ItemSource, Items } from "../source/source.ts";
import type { UnaryClient } from "../transport/unary-client.ts";

/** The part of a topic's declaration that taps need. */
export interface TappedTopic<Item> {
  readonly name: string;
  readonly decode: (bytes: Uint8Array) => Item;
  readonly call?: { readonly method: string } | undefined;
}

/** A follower of a topic, as of `Topic.follow`. */
interface TopicFollower<Item> {
  readonly topic: TappedTopic<Item>;
  readonly key: string;
  readonly resume: string | undefined;
  readonly latestOnly: boolean;
}

/** Observes or replaces the items of topics: for captures of requests, and their replay. */
export interface TopicTap {
  /** Returns the client for newest items. */
  client(name: string, client: UnaryClient): UnaryClient;
  /** Returns a decoder with the same results. */
  decoder<Item>(decode: (bytes: Uint8Array) => Item): (bytes: Uint8Array) => Item;
  /** Returns the bytes that an item was decoded from. */
  encoded<Item>(topic: TappedTopic<Item>, item: Item): Uint8Array;
  /** @param follow follows the key for another receiver */
  follow<Item>(
    follower: TopicFollower<Item>,
    items: Items<Item>,
    follow: (items: Items<Item>) => ItemSource,
  ): ItemSource;
}

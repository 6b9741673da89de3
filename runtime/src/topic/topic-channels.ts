import type { Clock } from "../clock.ts";
import { asFailure, Failure } from "../failure.ts";
import type { TopicState } from "../observer-upstreams.ts";
import type { ItemSource, Items } from "../source/source.ts";
import { Channel, type ChannelSpec } from "./channel.ts";
import { Cursor } from "./cursor.ts";
import { wrongKey } from "./key.ts";
import type { Entry, Log } from "./log.ts";

/** The part of a topic's declaration that followers need. */
interface FollowSpec<Item> {
  readonly name: string;
  /** Number of a key's items that the process keeps for its followers. */
  readonly keep: number;
  /** Reports whether an item is the last one of its key; may throw. Undefined if keys have no last item. */
  readonly until?: ((item: Item) => boolean) | undefined;
}

/** The keys of one topic that are followed in this process. */
export class TopicChannels<Item> {
  readonly #name: string;
  readonly #spec: ChannelSpec<Item>;
  readonly #channels = new Map<string, Channel<Item>>();
  #resets = 0;

  constructor({ name, keep, until }: FollowSpec<Item>, log: Log<Item>, clock: Clock) {
    this.#name = name;
    const countReset = (): void => void this.#resets++;
    const isLast = until === undefined ? never : asDecision(until);
    this.#spec = { log, clock, keep, isLast, countReset };
  }
  /**
   * Follows a key. An invalid key fails with INVALID_ARGUMENT.
   *
   * @param resume the token of the item after which to resume; undefined to begin at the oldest item
   * @param latestOnly true to deliver only the newest item each time, and to skip those between
   * @param comesAgainMs time within which the client is likely to return, in milliseconds. Default: the limit of the
   *   log
   */
  follow(
    key: string,
    resume: string | undefined,
    latestOnly: boolean,
    items: Items<Item>,
    comesAgainMs = Number.POSITIVE_INFINITY,
  ): ItemSource {
    const wrong = wrongKey(this.#name, key);
    if (wrong !== undefined) return failing(items, wrong);
    const channel = this.#channels.get(key) ?? this.#open(key);
    const cursor = new Cursor(channel, { resume, latestOnly, comesAgainMs }, items);
    channel.join(cursor);
    return cursor;
  }
  #open(key: string): Channel<Item> {
    const channel = new Channel<Item>(key, this.#spec, (gone) => {
      if (this.#channels.get(key) === gone) this.#channels.delete(key);
    });
    this.#channels.set(key, channel);
    return channel;
  }
  /**
   * Returns the newest item, if any, of a key that was followed for a while, so that no item is on its way. Parameters
   * as of `follow`.
   */
  settled(
    key: string,
    quietMs: number,
    comesAgainMs: number,
  ): { readonly newest: Entry<Item> | undefined; readonly isLast: boolean } | undefined {
    const channel = this.#channels.get(key);
    const settled = channel?.settled(quietMs);
    if (settled === undefined) return undefined;
    channel?.touch(comesAgainMs);
    const { item } = settled.newest ?? {};
    return { ...settled, isLast: item !== undefined && !(item instanceof Failure) && this.#spec.isLast(item) === true };
  }
  get state(): TopicState {
    const all = [...this.#channels.values()];
    const followers = all.reduce((sum, channel) => sum + channel.followers, 0);
    const ringBytes = all.reduce((sum, { ring }) => sum + ring.bytes, 0);
    return { followers, keys: all.length, ringBytes, consumers: this.#spec.log.consumers, resets: this.#resets };
  }
  /** Closes all channels. Followers receive no event. */
  close(): void {
    for (const channel of [...this.#channels.values()]) channel.close();
  }
}
const never = (): boolean => false;
const asDecision =
  <Item>(until: (item: Item) => boolean) =>
  (item: Item): boolean | Failure => {
    try {
      return until(item);
    } catch (thrown) {
      return asFailure(thrown);
    }
  };

function failing(items: Items<never>, failure: Failure): ItemSource {
  let over = false;
  queueMicrotask(() => {
    if (!over) items.failed(failure);
  });
  return {
    next() {},
    cancel() {
      over = true;
    },
  };
}

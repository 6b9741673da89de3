import type { Clock } from "../clock.ts";
import { asFailure, Failure } from "../failure.ts";
import type { TopicState } from "../observer-upstreams.ts";
import type { ItemSource, Items } from "../source/source.ts";
import { Channel, type ChannelSpec } from "./channel.ts";
import { Cursor } from "./cursor.ts";
import { wrongKey } from "./key.ts";
import type { Entry, Log } from "./log.ts";

/** What a topic declares, as far as following it goes. */
export interface FollowSpec<Item> {
  readonly name: string;
  /** Items of a key that the process keeps for those who follow it. */
  readonly keep: number;
  /** Whether an item is the last one of its key; may throw. Undefined: there is no last one. */
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
   * Follows a key. A key that cannot be one fails with INVALID_ARGUMENT.
   *
   * @param resume the token of the item behind which to go on; undefined: from the oldest that there is
   * @param latestOnly gives the newest item that there is each time, and none between
   * @param comesAgainMs the client is likely to come again within this time, in milliseconds; as long as the log says where it is left out
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
  /** The newest item, if any, of a key that has been followed for a while, so that none is on its way; parameters as of `follow`. */
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
  /** Nothing is followed any more; followers hear nothing of it. */
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

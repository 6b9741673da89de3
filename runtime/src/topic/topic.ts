// Topics: logs of items by key that many follow at once. Per key and process there is one tail and one ring of the newest items, shared by
// all who follow the key, each of whom is a place in the log. It knows calls, and neither requests nor clients.

import { Rpc, Upstream } from "../call/upstream.ts";
import { type Clock, systemClock, type Timer } from "../clock.ts";
import { Failure } from "../failure.ts";
import type { Observer } from "../observer.ts";
import type { TopicState } from "../observer-upstreams.ts";
import type { ItemSource, Items, OpenSource } from "../source/source.ts";
import { wrongKey } from "./key.ts";
import type { Entry } from "./log.ts";
import { type AskNewest, faultOf, NewestClient, type NewestReceiver } from "./newest-item.ts";
import { type OpenCall, SharedCall } from "./shared-call.ts";
import type { StoredLog, TopicStore } from "./store.ts";
import { tokenOf } from "./token.ts";
import { TopicChannels } from "./topic-channels.ts";

/** A topic as it is declared. */
export interface TopicSpec<Item> {
  readonly name: string;
  /** The full name of the service that declares it: others may have topics of this name. */
  readonly service?: string | undefined;
  readonly decode: (bytes: Uint8Array) => Item;
  /** The subject of a key in NATS, with `{key}` in its place, and the stream of JetStream that has it: both or neither. */
  readonly subject?: string | undefined;
  readonly jetstream?: string | undefined;
  /** How many of a key's items the process keeps for those who follow it. */
  readonly keep: number;
  /** Whether an item is the last one of its key; may throw. */
  readonly until?: ((item: Item) => boolean) | undefined;
  /** The server stream that has a key's items, where there is no NATS. */
  readonly call?: TopicCall<Item> | undefined;
}
export interface TopicCall<Item> {
  /** `package.Service/Method` */
  readonly method: string;
  readonly open: OpenCall<Item>;
}
export interface TopicsOptions {
  readonly clock?: Clock | undefined;
  readonly observer?: Observer | undefined;
  /** Where topics with a subject are kept; undefined: they are followed through their calls. */
  readonly store?: TopicStore | undefined;
  /** Without it, where those are kept that have no call either. */
  readonly lone?: TopicStore | undefined;
}

/** What tells topics apart. */
interface Declared extends Pick<TopicSpec<unknown>, "name" | "service" | "subject" | "jetstream"> {
  readonly decode: unknown;
  readonly call?: { readonly method: string } | undefined;
}
interface Made {
  is(spec: Declared): boolean;
  close(): void;
}

/** As of upstreams that say nothing. */
const BREAKER = { errorRate: 0.5, windowMs: 10_000, minimum: 20, openMs: 5_000, probes: 1 };
/** Behind this much silence, in milliseconds, an item that a stream has given is its newest. */
const QUIET_MS = 20;
/** A client that asks for the newest item asks again within this time, in milliseconds, or the stream of its key may end. */
const LATEST_AGAIN_MS = 5_000;

/** What the topics of a process have in common. */
export class Topics {
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly store: TopicStore | undefined;
  readonly #lone: TopicStore | undefined;
  readonly #client = new NewestClient();
  readonly #nats: Upstream;
  readonly #all: Made[] = [];

  constructor({ clock = systemClock, observer, store, lone }: TopicsOptions = {}) {
    this.clock = clock;
    this.observer = observer;
    this.store = store;
    this.#lone = lone;
    // Of all topics one: it is one server that is away.
    const told = store === undefined ? undefined : observer;
    this.#nats = new Upstream("nats", this.#client, { breaker: BREAKER }, { clock, observer: told });
  }
  /** @internal */
  stored<Item>(spec: TopicSpec<Item>): { readonly log: StoredLog<Item>; readonly subject: string } | undefined {
    const { subject, jetstream, decode, call } = spec;
    const store = this.store ?? (call === undefined ? this.#lone : undefined);
    if (store === undefined || subject === undefined || jetstream === undefined) return undefined;
    return { log: store.open({ name: spec.name, subject, jetstream, decode }), subject };
  }
  /** @internal */
  newestOf<Item>(name: string, subject: string, ask: AskNewest<Item>): Rpc<string, Item | undefined> {
    return rpcOf(this.#nats, `${subject}/latest`, this.#client.add(ask, keyCheck(name)));
  }
  /** @internal */
  newestByCall<Item>(name: string, method: string, ask: AskNewest<Item>): Rpc<string, Item | undefined> {
    const client = new NewestClient();
    const { observer, clock } = this;
    // The upstream itself has been told of: this is another way to it.
    const told: Observer = {
      callStart: (event) => observer?.callStart?.(event),
      call: (event) => observer?.call?.(event),
    };
    const upstream = new Upstream(method.slice(0, method.indexOf("/")), client, {}, { clock, observer: told });
    return rpcOf(upstream, method, client.add(ask, keyCheck(name)));
  }
  /** @internal The same topic, made before: an rpc of another service of its file follows it. */
  like<Item>(spec: TopicSpec<Item>): Topic<Item> | undefined {
    return this.#all.find((one) => one.is(spec)) as Topic<Item> | undefined; // one that decodes alike has such items
  }
  /** @internal */
  made(topic: Made): void {
    this.#all.push(topic);
  }
  /** Nothing is followed any more, and nothing is left behind in NATS. */
  async close(): Promise<void> {
    for (const topic of this.#all) topic.close();
    await this.store?.close();
  }
}
const keyCheck =
  (topic: string) =>
  (key: string): void => {
    const wrong = wrongKey(topic, key);
    if (wrong !== undefined) throw wrong;
  };
function rpcOf<Item>(upstream: Upstream, method: string, codec: Rpc<string, Item | undefined>["codec"]) {
  return new Rpc<string, Item | undefined>(upstream, method, { coalesce: true, received: true }, codec);
}

/** One topic of a process: in NATS where there is one, else shared by all who follow it here. */
export class Topic<Item> {
  readonly name: string;
  /** Asks for a key's newest item, as a call is made; undefined: there is none. */
  readonly latest: Rpc<string, Item | undefined>;
  readonly #spec: TopicSpec<Item>;
  readonly #following: TopicChannels<Item>;
  readonly #clock: Clock;

  /** @throws Error where there is neither a NATS for it nor a call; `serve` has told so before */
  constructor(spec: TopicSpec<Item>, topics: Topics) {
    const { name, service, call } = spec;
    this.name = name;
    this.#spec = spec;
    this.#clock = topics.clock;
    const like = topics.like(spec);
    if (like !== undefined) {
      this.#following = like.#following;
      this.latest = like.latest;
      return;
    }
    const stored = topics.stored(spec);
    if (stored !== undefined) {
      this.#following = new TopicChannels(spec, stored.log, topics.clock);
      this.latest = topics.newestOf(name, stored.subject, (key, hears) => stored.log.newest(key, hears));
    } else if (call !== undefined) {
      const log = new SharedCall(call.open);
      this.#following = new TopicChannels(spec, log, topics.clock);
      this.latest = topics.newestByCall(name, call.method, (key, hears) => this.#byCall(log.epoch, key, hears));
    } else throw new Error(`topic ${name} has no call: it needs NATS`);
    topics.made(this);
    topics.observer?.topic?.({ name, service, state: () => this.state });
  }
  /**
   * Follows a key; a key that cannot be one fails with INVALID_ARGUMENT.
   *
   * @param resume the token of the item behind which to go on; undefined: from the oldest that there is
   * @param latestOnly gives the newest item that there is each time, and none between
   */
  follow(key: string, resume: string | undefined, latestOnly: boolean, items: Items<Item>): ItemSource {
    return this.#following.follow(key, resume, latestOnly, items);
  }
  get state(): TopicState {
    return this.#following.state;
  }
  /** @internal Whether it is declared so. */
  is({ name, service, subject, jetstream, decode, call }: Declared): boolean {
    const own = this.#spec;
    const where = own.subject === subject && own.jetstream === jetstream && own.call?.method === call?.method;
    return own.name === name && own.service === service && where && own.decode === decode;
  }
  /** @internal */
  close(): void {
    this.#following.close();
  }
  /** The newest of what the shared call gives, once that is silent. */
  #byCall(epoch: string, key: string, hears: NewestReceiver<Item>): () => void {
    const settled = this.#following.settled(key, QUIET_MS, LATEST_AGAIN_MS);
    if (settled !== undefined) return soon(() => give(epoch, settled, hears));
    let newest: { readonly item: Item; readonly token: string } | undefined;
    let timer: Timer | undefined;
    const stop = (): void => {
      if (timer !== undefined) this.#clock.clearTimeout(timer);
      source.cancel();
    };
    const answer = (): void => {
      stop();
      if (newest === undefined) hears.nothing();
      else hears.found(newest.item, newest.token);
    };
    const wait = (): void => {
      if (timer !== undefined) this.#clock.clearTimeout(timer);
      timer = this.#clock.setTimeout(answer, QUIET_MS, undefined);
    };
    const items: Items<Item> = {
      opened: wait,
      item(item, { token = "" }) {
        newest = { item, token };
        wait();
        source.next();
      },
      ended: answer,
      failed(failure) {
        stop();
        hears.faulted(faultOf(failure));
      },
    };
    const source = this.#following.follow(key, undefined, true, items, LATEST_AGAIN_MS);
    source.next();
    return stop;
  }
}
function give<Item>(
  epoch: string,
  { newest, isLast }: { readonly newest: Entry<Item> | undefined; readonly isLast: boolean },
  hears: NewestReceiver<Item>,
): void {
  if (newest === undefined) hears.nothing();
  else if (newest.item instanceof Failure) hears.faulted(faultOf(newest.item));
  else hears.found(newest.item, tokenOf(epoch, newest.place, isLast));
}
/** In a moment, unless what it returns is called before. */
function soon(run: () => void): () => void {
  let wanted = true;
  queueMicrotask(() => {
    if (wanted) run();
  });
  return () => {
    wanted = false;
  };
}

/**
 * A source that is a key of a topic.
 *
 * @param latestOnly gives the newest item each time, and none between
 */
export function topicSource<Cx, Args, Opened, Item>(
  topic: Topic<Item>,
  key: (cx: Cx, args: Args, opened: Opened) => string,
  latestOnly = false,
): OpenSource<Cx, Args, Opened, Item> {
  return (cx, args, opened, resume, items) => topic.follow(key(cx, args, opened), resume, latestOnly, items);
}

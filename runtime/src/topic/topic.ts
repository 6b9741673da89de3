// Topics: logs of items by key, for many followers. Per key and process there is one tail and one ring of the newest
// items. All followers of the key share them; each follower is a place in the log. This module depends on calls, and
// neither on requests nor on clients.

import { Rpc, Upstream } from "../call/upstream.ts";
import { type Clock, systemClock, type Timer } from "../clock.ts";
import { Failure } from "../failure.ts";
import type { Observer } from "../observer.ts";
import type { TopicState } from "../observer-upstreams.ts";
import type { ItemSource, Items, OpenSource } from "../source/source.ts";
import { wrongKey } from "./key.ts";
import type { Entry } from "./log.ts";
import { faultOf, NewestClient, type NewestQuery, type NewestReceiver } from "./newest-item.ts";
import { type OpenCall, SharedCall } from "./shared-call.ts";
import type { StoredLog, TopicStore } from "./store.ts";
import { tokenOf } from "./token.ts";
import { TopicChannels } from "./topic-channels.ts";
import type { TopicTap } from "./topic-tap.ts";

/** A topic as it is declared. */
export interface TopicSpec<Item> {
  readonly name: string;
  /** Full name of the service that declares the topic: others may have topics of this name. */
  readonly service?: string | undefined;
  readonly decode: (bytes: Uint8Array) => Item;
  /** Subject of a key in NATS, with `{key}` in its place, and the JetStream stream that has it: both or neither. */
  readonly subject?: string | undefined;
  readonly jetstream?: string | undefined;
  /** Number of a key's items that the process keeps for its followers. */
  readonly keep: number;
  /** Reports whether an item is the last one of its key; may throw. */
  readonly until?: ((item: Item) => boolean) | undefined;
  /** Server stream with a key's items, for use without NATS. */
  readonly call?: TopicCall<Item> | undefined;
}
/** Server stream with the items of a key, by which a topic is followed without NATS. */
export interface TopicCall<Item> {
  /** `package.Service/Method` */
  readonly method: string;
  readonly open: OpenCall<Item>;
}
interface TopicsOptions {
  readonly clock?: Clock | undefined;
  readonly observer?: Observer | undefined;
  /** Storage of topics with a subject. If undefined, they are followed through their calls. */
  readonly store?: TopicStore | undefined;
  /** Without `store`, storage of topics that have no call either. */
  readonly lone?: TopicStore | undefined;
}

/** Properties that distinguish topics. */
interface Declared extends Pick<TopicSpec<unknown>, "name" | "service" | "subject" | "jetstream"> {
  readonly decode: unknown;
  readonly call?: { readonly method: string } | undefined;
}
interface Made {
  is(spec: Declared): boolean;
  close(): void;
}

/** Breaker settings, equal to the defaults of upstreams. */
const BREAKER = { errorRate: 0.5, windowMs: 10_000, minimum: 20, openMs: 5_000, probes: 1 };
/** Silence after which the last item of a stream counts as its newest, in milliseconds. */
const QUIET_MS = 20;
/**
 * Time within which a client that reads the newest item must read it again, in milliseconds. Otherwise the stream of
 * its key may end.
 */
const LATEST_AGAIN_MS = 5_000;

/**
 * Parts that all topics of a process share.
 *
 * @example
 * const topics = await openTopics(TOPICS);
 * const endpoints = createRunService({ upstreams, env: {}, topics });
 * process.once("SIGTERM", () => void topics.close());
 */
export class Topics {
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly store: TopicStore | undefined;
  /** Set before the first topic. Undefined: followers have the topics themselves. */
  tap: TopicTap | undefined;
  readonly #lone: TopicStore | undefined;
  readonly #client = new NewestClient();
  #nats: Upstream | undefined;
  readonly #all: Made[] = [];

  constructor({ clock = systemClock, observer, store, lone }: TopicsOptions = {}) {
    this.clock = clock;
    this.observer = observer;
    this.store = store;
    this.#lone = lone;
  }
  /** @internal */
  stored<Item>(spec: TopicSpec<Item>): { readonly log: StoredLog<Item>; readonly subject: string } | undefined {
    const { subject, jetstream, decode, call } = spec;
    const store = this.store ?? (call === undefined ? this.#lone : undefined);
    if (store === undefined || subject === undefined || jetstream === undefined) return undefined;
    const decoder = this.tap?.decoder(decode) ?? decode;
    return { log: store.open({ name: spec.name, subject, jetstream, decode: decoder }), subject };
  }
  /** @internal */
  newestOf<Item>(spec: TopicSpec<Item>, subject: string, query: NewestQuery<Item>): Rpc<string, Item | undefined> {
    const { clock } = this;
    // All topics use one upstream, because all depend on the same server.
    const observer = this.store === undefined ? undefined : this.observer;
    const client = this.tap?.client("nats", this.#client) ?? this.#client;
    this.#nats ??= new Upstream("nats", client, { breaker: BREAKER }, { clock, observer });
    return rpcOf(this.#nats, `${subject}/latest`, this.#client.add(query, keyCheck(spec.name), spec, this.tap));
  }
  /** @internal */
  newestByCall<Item>(spec: TopicSpec<Item>, method: string, query: NewestQuery<Item>): Rpc<string, Item | undefined> {
    const client = new NewestClient();
    const { observer, clock } = this;
    // The observer already has the upstream itself: this is another way to call it.
    const reporter: Observer = {
      callStart: (event) => observer?.callStart?.(event),
      call: (event) => observer?.call?.(event),
    };
    const tapped = this.tap?.client(`topic ${spec.name}`, client) ?? client;
    const upstream = new Upstream(method.slice(0, method.indexOf("/")), tapped, {}, { clock, observer: reporter });
    return rpcOf(upstream, method, client.add(query, keyCheck(spec.name), spec, this.tap));
  }
  /** @internal Returns the same topic, if it was made before: an RPC of another service of its file follows it. */
  like<Item>(spec: TopicSpec<Item>): Topic<Item> | undefined {
    return this.#all.find((candidate) => candidate.is(spec)) as Topic<Item> | undefined; // the same decoder makes the same items
  }
  /** @internal */
  made(topic: Made): void {
    this.#all.push(topic);
  }
  /** Closes all topics, and leaves nothing behind in NATS. */
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

/**
 * One topic of a process: in NATS if it is configured, else a shared call for all its followers.
 *
 * @example
 * const runs = new Topic({ name: "run", decode: decodeRunEvent, keep: 256, call }, new Topics());
 */
export class Topic<Item> {
  readonly name: string;
  /** RPC for a key's newest item. It returns undefined if the key has none. */
  readonly latest: Rpc<string, Item | undefined>;
  readonly #spec: TopicSpec<Item>;
  readonly #following: TopicChannels<Item>;
  readonly #clock: Clock;
  readonly #tap: TopicTap | undefined;

  /** @throws Error if the topic has neither NATS nor a call; `serve` reports that earlier */
  constructor(spec: TopicSpec<Item>, topics: Topics) {
    const { name, service, call } = spec;
    this.name = name;
    this.#spec = spec;
    this.#clock = topics.clock;
    this.#tap = topics.tap;
    const like = topics.like(spec);
    if (like !== undefined) {
      this.#following = like.#following;
      this.latest = like.latest;
      return;
    }
    const stored = topics.stored(spec);
    if (stored !== undefined) {
      this.#following = new TopicChannels(spec, stored.log, topics.clock);
      this.latest = topics.newestOf(spec, stored.subject, (key, receiver) => stored.log.newest(key, receiver));
    } else if (call !== undefined) {
      const log = new SharedCall(call.open);
      this.#following = new TopicChannels(spec, log, topics.clock);
      this.latest = topics.newestByCall(spec, call.method, (key, receiver) => this.#byCall(log.epoch, key, receiver));
    } else throw new Error(`topic ${name} has no call: it needs NATS`);
    topics.made(this);
    topics.observer?.topic?.({ name, service, state: () => this.state });
  }
  /**
   * Follows a key. An invalid key fails with INVALID_ARGUMENT.
   *
   * @param resume the token of the item after which to resume; undefined to begin at the oldest item
   * @param latestOnly true to deliver only the newest item each time, and to skip those between
   */
  follow(key: string, resume: string | undefined, latestOnly: boolean, items: Items<Item>): ItemSource {
    if (this.#tap === undefined) return this.#following.follow(key, resume, latestOnly, items);
    const follower = { topic: this.#spec, key, resume, latestOnly };
    return this.#tap.follow(follower, items, (items) => this.#following.follow(key, resume, latestOnly, items));
  }
  get state(): TopicState {
    return this.#following.state;
  }
  /** @internal Reports whether the topic has this declaration. */
  is({ name, service, subject, jetstream, decode, call }: Declared): boolean {
    const current = this.#spec;
    const sameSource =
      current.subject === subject && current.jetstream === jetstream && current.call?.method === call?.method;
    return current.name === name && current.service === service && sameSource && current.decode === decode;
  }
  /** @internal */
  close(): void {
    this.#following.close();
  }
  /** Returns the newest item of the shared call, after a silence. */
  #byCall(epoch: string, key: string, receiver: NewestReceiver<Item>): () => void {
    const settled = this.#following.settled(key, QUIET_MS, LATEST_AGAIN_MS);
    if (settled !== undefined) return soon(() => give(epoch, settled, receiver));
    let newest: { readonly item: Item; readonly token: string } | undefined;
    let timer: Timer | undefined;
    const stop = (): void => {
      if (timer !== undefined) this.#clock.clearTimeout(timer);
      source.cancel();
    };
    const answer = (): void => {
      stop();
      if (newest === undefined) receiver.nothing();
      else receiver.found(newest.item, newest.token);
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
        receiver.faulted(faultOf(failure));
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
  receiver: NewestReceiver<Item>,
): void {
  if (newest === undefined) receiver.nothing();
  else if (newest.item instanceof Failure) receiver.faulted(faultOf(newest.item));
  else receiver.found(newest.item, tokenOf(epoch, newest.place, isLast));
}
/** Runs a function soon, unless the returned function is called before. */
function soon(run: () => void): () => void {
  let active = true;
  queueMicrotask(() => {
    if (active) run();
  });
  return () => {
    active = false;
  };
}

/**
 * Returns a source for a key of a topic.
 *
 * @param latestOnly true to deliver only the newest item each time, and to skip those between
 * @example
 * const source = topicSource(app.runTopic, (_cx, args: FollowRunRequest) => args.runId);
 */
export function topicSource<Cx, Args, Opened, Item>(
  topic: Topic<Item>,
  key: (cx: Cx, args: Args, opened: Opened) => string,
  latestOnly = false,
): OpenSource<Cx, Args, Opened, Item> {
  return (cx, args, opened, resume, items) => topic.follow(key(cx, args, opened), resume, latestOnly, items);
}

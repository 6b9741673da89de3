import type { Log } from "./log.ts";
import type { NewestReceiver } from "./newest-item.ts";

/** The parts of a topic that define the place and the encoding of its items. */
export interface StoredSpec<Item> {
  readonly name: string;
  /** Subject of a key, with `{key}` in its place. */
  readonly subject: string;
  /** Name of the stream. */
  readonly jetstream: string;
  readonly decode: (bytes: Uint8Array) => Item;
}
/** A log that returns its newest item without a follower. */
export interface StoredLog<Item> extends Log<Item> {
  /** Requests the newest item. No answer precedes the return, or follows a call of the returned function. */
  newest(key: string, receiver: NewestReceiver<Item>): () => void;
}
/** Storage of topics outside of the process: NATS. */
export interface TopicStore {
  open<Item>(spec: StoredSpec<Item>): StoredLog<Item>;
  /** Its connection, as `NatsLinks`. Opaque, because public types must not need the packages of NATS. */
  readonly links?: object | undefined;
  close(): Promise<void>;
}

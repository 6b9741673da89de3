import type { Log } from "./log.ts";
import type { NewestReceiver } from "./newest-item.ts";

/** What of a topic says where its items are, and how they are read. */
export interface StoredSpec<Item> {
  readonly name: string;
  /** The subject of a key, with `{key}` in its place. */
  readonly subject: string;
  /** The name of the stream. */
  readonly jetstream: string;
  readonly decode: (bytes: Uint8Array) => Item;
}
/** A log that tells its newest item without being followed. */
export interface StoredLog<Item> extends Log<Item> {
  /** Never answers before it has returned, nor after what it returns was called. */
  newest(key: string, hears: NewestReceiver<Item>): () => void;
}
/** Where topics are kept outside of the process: NATS. */
export interface TopicStore {
  open<Item>(spec: StoredSpec<Item>): StoredLog<Item>;
  close(): Promise<void>;
}

import { Failure } from "../failure.ts";
import { MemoryLog } from "./memory-log.ts";
import { faultOf, type NewestReceiver } from "./newest-item.ts";
import type { StoredLog, StoredSpec, TopicStore } from "./store.ts";
import { tokenOf } from "./token.ts";

/** Topics in the memory of this process, for tests and mocks: they are there from the first item or follower on. */
export class MemoryTopics implements TopicStore {
  readonly #logs = new Map<string, StoredMemory<unknown>>();

  open<Item>(spec: StoredSpec<Item>): StoredLog<Item> {
    return this.log<Item>(spec.name);
  }
  /** @param topic its name */
  log<Item>(topic: string): StoredMemory<Item> {
    const log = this.#logs.get(topic) ?? new StoredMemory<unknown>();
    this.#logs.set(topic, log);
    return log as StoredMemory<Item>; // who knows the topic knows what its items are
  }
  publish<Item>(topic: string, key: string, item: Item): void {
    this.log<Item>(topic).publish(key, item);
  }
  async close(): Promise<void> {}
}

class StoredMemory<Item> extends MemoryLog<Item> implements StoredLog<Item> {
  newest(key: string, receiver: NewestReceiver<Item>): () => void {
    let active = true;
    queueMicrotask(() => {
      if (!active) return;
      const entry = this.last(key);
      if (entry === undefined) receiver.nothing();
      else if (entry.item instanceof Failure) receiver.faulted(faultOf(entry.item));
      else receiver.found(entry.item, tokenOf(this.epoch, entry.place));
    });
    return () => {
      active = false;
    };
  }
}

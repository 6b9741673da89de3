import type { ItemSource } from "../source/source.ts";
import type { Entry, Log, Place, ReadReceiver, Tail, TailReceiver } from "./log.ts";

/** Runs a function later. Functions of one `stream` run in the order of their calls. */
type Later = (stream: object, run: () => void) => void;

interface Kept<Item> extends Entry<Item> {
  readonly place: bigint;
}
const inMicrotask: Later = (_stream, run) => queueMicrotask(run);

/** A log in this process alone, for tests and mocks. It drops items only by `forget`. */
export class MemoryLog<Item> implements Log<Item> {
  readonly ordered = true;
  readonly lingerMs: number;
  readonly #later: Later;
  readonly #items = new Map<string, Kept<Item>[]>();
  readonly #lost = new Map<string, bigint>(); // last dropped place of each key
  readonly #tails = new Set<MemoryTail<Item>>();
  readonly #reads = new Set<object>();
  #epoch = 1;
  #end = 0n; // the last assigned place

  constructor(later: Later = inMicrotask, lingerMs = 0) {
    this.#later = later;
    this.lingerMs = lingerMs;
  }
  get epoch(): string {
    return String(this.#epoch);
  }
  get consumers(): number {
    return this.tails + this.reads;
  }
  get tails(): number {
    return this.#tails.size;
  }
  get reads(): number {
    return this.#reads.size;
  }
  publish(key: string, item: Item, bytes = 1): bigint {
    const entry = { place: ++this.#end, item, bytes };
    this.#of(key).push(entry);
    for (const tail of this.#tails) if (tail.key === key) tail.notify((receiver) => receiver.entry(entry));
    return entry.place;
  }
  /** Drops the oldest items of a key, so that at most the given number stays. */
  forget(key: string, keep: number): void {
    const all = this.#of(key);
    const gone = all.splice(0, Math.max(0, all.length - keep)).at(-1);
    if (gone !== undefined) this.#lost.set(key, gone.place);
  }
  /** Replaces the log by an empty one with the same name. Its places begin anew. */
  recreate(): void {
    this.#epoch++;
    this.#end = 0n;
    this.#items.clear();
    this.#lost.clear();
    for (const tail of this.#tails) {
      tail.replaced();
      this.#open(tail);
    }
  }
  /** Returns the newest item of a key. */
  last(key: string): Entry<Item> | undefined {
    return this.#items.get(key)?.at(-1);
  }
  tail(key: string, receiver: TailReceiver<Item>): Tail {
    const tail = new MemoryTail(key, receiver, this.#later, (gone) => this.#tails.delete(gone));
    this.#tails.add(tail);
    this.#open(tail);
    return tail;
  }
  #open(tail: MemoryTail<Item>): void {
    const newest = this.last(tail.key);
    const standing = {
      epoch: this.epoch,
      newest,
      from: newest === undefined ? undefined : (newest.place as bigint) - 1n,
    };
    tail.notify((receiver) => receiver.accepted());
    tail.notify((receiver) => receiver.opened(standing));
  }
  read(key: string, after: Place | undefined, receiver: ReadReceiver<Item>): ItemSource {
    const reading = {};
    this.#reads.add(reading);
    const of = this.#epoch;
    let last = typeof after === "bigint" ? after : undefined;
    let began = false;
    const notify = (run: () => void): void =>
      this.#later(reading, () => {
        if (this.#reads.has(reading)) run();
      });
    const readNext = (): void => {
      if (of !== this.#epoch) return; // `replaced` follows
      const all = this.#of(key);
      const at = last === undefined ? undefined : all.find(({ place }) => place === last);
      const known = at !== undefined || after === undefined || began;
      if (last !== undefined && (!known || last < (this.#lost.get(key) ?? 0n))) {
        this.#reads.delete(reading);
        receiver.lost();
        return;
      }
      if (!began && at !== undefined) receiver.at(at);
      began = true;
      if (!this.#reads.has(reading)) return;
      const next = all.find(({ place }) => place > (last ?? 0n));
      if (next === undefined) {
        receiver.dry();
        return;
      }
      last = next.place;
      receiver.entry(next);
    };
    return { next: () => notify(readNext), cancel: () => void this.#reads.delete(reading) };
  }
  #of(key: string): Kept<Item>[] {
    const all = this.#items.get(key) ?? [];
    this.#items.set(key, all);
    return all;
  }
}

class MemoryTail<Item> implements Tail {
  readonly key: string;
  readonly #receiver: TailReceiver<Item>;
  readonly #later: Later;
  readonly #gone: (tail: MemoryTail<Item>) => void;
  #closed = false;
  #generation = 0;

  constructor(key: string, receiver: TailReceiver<Item>, later: Later, gone: (tail: MemoryTail<Item>) => void) {
    this.key = key;
    this.#receiver = receiver;
    this.#later = later;
    this.#gone = gone;
  }
  notify(run: (receiver: TailReceiver<Item>) => void): void {
    const generation = this.#generation;
    this.#later(this, () => {
      if (!this.#closed && generation === this.#generation) run(this.#receiver);
    });
  }
  /** Reports the replacement at once, and discards pending events. */
  replaced(): void {
    this.#generation++;
    this.#receiver.replaced();
  }
  close(): void {
    this.#closed = true;
    this.#gone(this);
  }
}

import type { Clock, Timer } from "../clock.ts";
import type { Failure } from "../failure.ts";
import type { ItemSource } from "../source/source.ts";
import type { Entry, Log, Place, ReadReceiver, Tail, TailReceiver, TailState } from "./log.ts";
import { Ring } from "./ring.ts";

/** A follower of a key, as its channel uses it. */
export interface ChannelReader<Item> {
  /** The reader is likely to return within this time, in milliseconds. */
  readonly comesAgainMs: number;
  /** Reports that the log answers. */
  accepted(): void;
  /** Reports that the ring is ready. */
  placed(): void;
  came(entry: Entry<Item>): void;
  /** Reports that the ring is invalid. */
  replaced(): void;
  /** Reports that the tail has ended. */
  closed(): void;
}

/** Parts that all channels of a topic share. */
export interface ChannelSpec<Item> {
  readonly log: Log<Item>;
  readonly clock: Clock;
  /** Maximum number of items that are kept per key. */
  readonly keep: number;
  /** Reports whether an item is the last one of its key; a failure if that cannot be computed. */
  readonly isLast: (item: Item) => boolean | Failure;
  /** Counts a reset: a follower must begin anew. */
  readonly countReset: () => void;
}

/** One key that is followed in this process: its ring, its tail, and all its followers. */
export class Channel<Item> implements TailReceiver<Item> {
  readonly ring: Ring<Item>;
  readonly clock: Clock;
  readonly ordered: boolean;
  readonly isLast: (item: Item) => boolean | Failure;
  readonly countReset: () => void;
  readonly #key: string;
  readonly #log: Log<Item>;
  readonly #gone: (channel: Channel<Item>) => void;
  readonly #cursors = new Set<ChannelReader<Item>>();
  readonly #arriving = new Set<ChannelReader<Item>>(); // the part of them that has no place yet
  readonly #tail: Tail;
  #epoch = "";
  #stands = false;
  #accepted = false;
  #over: Failure | "ended" | undefined;
  #arrivedAt = 0; // time of the last item, or of the log's answer
  #linger: Timer | undefined;
  #neededUntil = Number.NEGATIVE_INFINITY; // latest expected return of a reader

  /** @param gone called once, when the channel can no longer be joined */
  constructor(key: string, spec: ChannelSpec<Item>, gone: (channel: Channel<Item>) => void) {
    this.#key = key;
    this.#log = spec.log;
    this.#gone = gone;
    this.clock = spec.clock;
    this.ordered = spec.log.ordered;
    this.isLast = spec.isLast;
    this.countReset = spec.countReset;
    this.ring = new Ring(spec.keep, spec.log.ordered);
    this.#tail = spec.log.tail(key, this);
  }
  get epoch(): string {
    return this.#epoch;
  }
  get key(): string {
    return this.#key;
  }
  get followers(): number {
    return this.#cursors.size;
  }
  /** Result of the tail's end, if it has ended. */
  get over(): Failure | "ended" | undefined {
    return this.#over;
  }
  join(cursor: ChannelReader<Item>): void {
    this.#stay();
    this.#cursors.add(cursor);
    // Deferred, because a follower can handle events only after `join` has returned.
    this.#arriving.add(cursor);
    if (this.#stands) queueMicrotask(() => this.#place(cursor));
  }
  #place(cursor: ChannelReader<Item>): void {
    if (!this.#stands || !this.#arriving.delete(cursor)) return;
    if (this.#accepted) cursor.accepted();
    cursor.placed();
  }
  leave(cursor: ChannelReader<Item>): void {
    this.#arriving.delete(cursor);
    if (this.#cursors.delete(cursor)) this.touch(cursor.comesAgainMs);
  }
  /** Returns the newest item, or the fact that none exists. Undefined while an item may be on its way. */
  settled(quietMs: number): { readonly newest: Entry<Item> | undefined } | undefined {
    const quiet = this.#accepted && this.clock.now() - this.#arrivedAt >= quietMs;
    return this.#stands && quiet ? { newest: this.ring.newest } : undefined;
  }
  /**
   * Records a use of the channel.
   *
   * @param againMs time within which another use is likely, in milliseconds
   */
  touch(againMs: number): void {
    const now = this.clock.now();
    this.#neededUntil = Math.max(this.#neededUntil, now + Math.min(againMs, this.#log.lingerMs));
    if (this.#cursors.size > 0) return;
    this.#stay();
    if (this.#over !== undefined || this.#neededUntil <= now) this.close();
    else {
      this.#linger = this.clock.setTimeout(close, this.#neededUntil - now, this);
      this.#tail.idle?.(() => this.close());
    }
  }
  #stay(): void {
    if (this.#linger === undefined) return;
    this.clock.clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#tail.idle?.(undefined);
  }
  /** Reads items for a follower that is behind the ring. */
  read(after: Place | undefined, receiver: ReadReceiver<Item>): ItemSource {
    return this.#log.read(this.#key, after, receiver);
  }
  /** Closes the channel, because no follower needs it. */
  close(): void {
    if (this.#linger !== undefined) this.clock.clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#gone(this);
    this.#tail.close();
  }

  // ---- events of the tail ----

  opened(standing: TailState<Item>): void {
    this.#epoch = standing.epoch;
    this.#stands = true;
    this.ring.begin(standing);
    this.#arriving.clear();
    for (const cursor of [...this.#cursors]) cursor.placed();
  }
  accepted(): void {
    if (!this.#accepted) this.#arrivedAt = this.clock.now();
    this.#accepted = true;
    for (const cursor of [...this.#cursors]) cursor.accepted();
  }
  entry(entry: Entry<Item>): void {
    this.#arrivedAt = this.clock.now();
    this.ring.push(entry);
    for (const cursor of this.#cursors) cursor.came(entry);
  }
  replaced(): void {
    this.#stands = false;
    for (const cursor of this.#cursors) cursor.replaced();
  }
  ended(): void {
    this.#closed("ended");
  }
  failed(failure: Failure): void {
    this.#closed(failure);
  }
  #closed(over: Failure | "ended"): void {
    this.#over = over;
    this.#gone(this); // the next follower opens another channel
    for (const cursor of [...this.#cursors]) cursor.closed();
    if (this.#cursors.size === 0) this.close();
  }
}
const close = (channel: { close(): void }): void => channel.close();

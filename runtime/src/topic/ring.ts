import type { Entry, Place, TailState } from "./log.ts";

/** Maximum size of the items of one key, in bytes. The newest one is kept at any size. */
export const RING_BYTES = 65_536;

/**
 * The newest items of one key, for all its followers in this process. Each item has a number, which grows by one and is
 * never reused. A follower is at a number.
 */
export class Ring<Item> {
  readonly #keep: number;
  readonly #ordered: boolean;
  readonly #numbers = new Map<Place, number>();
  #entries: Entry<Item>[] = [];
  #first = 0;
  #bytes = 0;
  /** Place after which every item is here, or will be. Undefined if that holds for all items of the key. */
  #floor: Place | undefined;
  /** The last place that was dropped. Unlike an initial floor, it is always one of this key. */
  #dropped: Place | undefined;

  constructor(keep: number, ordered: boolean) {
    this.#keep = keep;
    this.#ordered = ordered;
  }
  /** Number of the oldest item. */
  get first(): number {
    return this.#first;
  }
  /** Number of the next item. */
  get end(): number {
    return this.#first + this.#entries.length;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get newest(): Entry<Item> | undefined {
    return this.#entries.at(-1);
  }
  at(number: number): Entry<Item> | undefined {
    return this.#entries[number - this.#first];
  }
  /** Drops all items, and continues from the given state. */
  begin({ newest, from }: TailState<Item>): void {
    this.#first = this.end;
    this.#entries = [];
    this.#numbers.clear();
    this.#bytes = 0;
    this.#floor = from;
    this.#dropped = undefined;
    if (newest !== undefined) this.push(newest);
  }
  push(entry: Entry<Item>): void {
    this.#numbers.set(entry.place, this.end);
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    while (this.#entries.length > 1 && (this.#entries.length > this.#keep || this.#bytes > RING_BYTES)) this.#drop();
  }
  #drop(): void {
    const oldest = this.#entries.shift();
    if (oldest === undefined) return;
    if (this.#numbers.get(oldest.place) === this.#first) this.#numbers.delete(oldest.place);
    this.#first++;
    this.#bytes -= oldest.bytes;
    this.#floor = oldest.place;
    this.#dropped = oldest.place;
  }
  /**
   * Returns the number of the item after this place, which is known to be one of the key. Undefined if the item is not
   * here, or cannot be determined.
   */
  behind(place: Place | undefined): number | undefined {
    if (place === undefined) return this.#floor === undefined ? this.#first : undefined;
    const exact = this.behindKnown(place);
    if (exact !== undefined || !this.#ordered) return exact;
    if (this.#floor !== undefined && place < this.#floor) return undefined;
    const later = this.#entries.findIndex((entry) => entry.place > place);
    return later < 0 ? this.end : this.#first + later;
  }
  /** Returns the same number for a place that may belong to another key. Undefined unless the place was seen here. */
  behindKnown(place: Place): number | undefined {
    const number = this.#numbers.get(place);
    if (number !== undefined) return number + 1;
    return place === this.#dropped ? this.#first : undefined;
  }
}

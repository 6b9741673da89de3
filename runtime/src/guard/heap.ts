/** A binary heap whose items can be removed or moved. Each item has a property for its index. */
export class Heap<Slot extends string, T extends Record<Slot, number>> {
  readonly #slot: Slot;
  readonly #precedes: (a: T, b: T) => boolean;
  readonly #items: T[] = [];

  /** @param slot property of an item for its index in this heap */
  constructor(slot: Slot, precedes: (a: T, b: T) => boolean) {
    this.#slot = slot;
    this.#precedes = precedes;
  }
  get size(): number {
    return this.#items.length;
  }
  /** The item that precedes all others. */
  get first(): T | undefined {
    return this.#items[0];
  }
  add(item: T): void {
    this.#put(item, this.#items.length);
    this.#rise(item);
  }
  /** Removes an item of this heap. */
  delete(item: T): void {
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#put(last, item[this.#slot]);
    this.moved(last);
  }
  /** Restores the order after a change of an item. */
  moved(item: T): void {
    this.#rise(item);
    this.#sink(item);
  }
  clear(): void {
    this.#items.length = 0;
  }

  #put(item: T, index: number): void {
    this.#items[index] = item;
    item[this.#slot] = index as T[Slot];
  }
  #rise(item: T): void {
    for (let index: number = item[this.#slot]; index > 0; ) {
      const above = (index - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || !this.#precedes(item, parent)) return;
      this.#put(parent, index);
      this.#put(item, above);
      index = above;
    }
  }
  #sink(item: T): void {
    for (let index: number = item[this.#slot]; ; ) {
      const below = 2 * index + 1;
      let child = this.#items[below];
      if (child === undefined) return;
      const other = this.#items[below + 1];
      if (other !== undefined && this.#precedes(other, child)) child = other;
      if (!this.#precedes(child, item)) return;
      const next: number = child[this.#slot];
      this.#put(child, index);
      this.#put(item, next);
      index = next;
    }
  }
}

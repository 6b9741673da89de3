// Start-time fair queueing as its paper and the language page define it, by search instead of heaps: a tag per waiter,
// and all tags of a key anew when one of its waiters leaves.

export interface Party {
  readonly id: number;
  readonly share: { readonly key: string; readonly weight: number };
  readonly critical: boolean;
}
interface Limits {
  readonly total: number;
  readonly perKey: number;
}

/** The waiters of one class. */
class NaiveOrder<W extends Party> {
  all: { readonly waiter: W; start: number }[] = [];
  readonly #finishes = new Map<string, number>();
  #virtualTime = 0;

  get first(): W | undefined {
    return this.all.reduce((best, next) => (next.start < best.start ? next : best), this.all[0] ?? NOBODY)?.waiter as
      | W
      | undefined;
  }
  add(waiter: W): void {
    const { key, weight } = waiter.share;
    const start = Math.max(this.#virtualTime, this.#finishes.get(key) ?? 0);
    this.all.push({ waiter, start });
    this.#finishes.set(key, start + 1 / weight);
  }
  serve(waiter: W): void {
    const found = this.all.find((entry) => entry.waiter === waiter);
    this.#virtualTime = Math.max(this.#virtualTime, found?.start ?? 0);
    this.all = this.all.filter((entry) => entry !== found);
    this.#reset();
  }
  leave(waiter: W): void {
    const { key } = waiter.share;
    const at = this.all.findIndex((entry) => entry.waiter === waiter);
    let next = this.all[at]?.start ?? 0;
    this.all.splice(at, 1);
    for (const entry of this.all.slice(at)) {
      if (entry.waiter.share.key !== key) continue;
      entry.start = next;
      next += 1 / entry.waiter.share.weight;
    }
    this.#finishes.set(key, next);
    this.#reset();
  }
  #reset(): void {
    if (this.all.length === 0) this.#virtualTime = 0;
    for (const [key, finish] of this.#finishes)
      if (this.all.length === 0 || finish <= this.#virtualTime) this.#finishes.delete(key);
  }
}
const NOBODY = { waiter: undefined, start: 0 };

export class NaiveShares<W extends Party> {
  readonly #limits: Limits;
  readonly #critical = new NaiveOrder<W>();
  readonly #others = new NaiveOrder<W>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }
  get waiting(): readonly W[] {
    return [...this.#critical.all, ...this.#others.all].map(({ waiter }) => waiter);
  }
  get first(): W | undefined {
    return this.#critical.first ?? this.#others.first;
  }
  /** Returns the waiter that is refused for it, perhaps itself; undefined: none. */
  enter(waiter: W): W | undefined {
    const { total, perKey } = this.#limits;
    const { key } = waiter.share;
    if (total > 0 && this.waiting.filter(({ share }) => share.key === key).length >= perKey) return waiter;
    this.#orderOf(waiter).add(waiter);
    if (this.waiting.length <= total) return undefined;
    const order = this.#others.all.length > 0 ? this.#others : this.#critical;
    const load = (of: W): number =>
      order.all.filter((entry) => entry.waiter.share.key === of.share.key).length / of.share.weight;
    const all = order.all.map((entry) => entry.waiter);
    const most = Math.max(...all.map(load));
    const lost = all.filter((candidate) => load(candidate) === most).at(-1) ?? waiter;
    this.leave(lost);
    return lost;
  }
  serve(waiter: W): void {
    this.#orderOf(waiter).serve(waiter);
  }
  leave(waiter: W): void {
    this.#orderOf(waiter).leave(waiter);
  }
  /** It is critical now. */
  urge(waiter: W): void {
    this.#others.leave(waiter);
    this.#critical.add(waiter);
  }
  #orderOf({ critical }: W): NaiveOrder<W> {
    return critical ? this.#critical : this.#others;
  }
}

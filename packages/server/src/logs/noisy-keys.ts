import type { ShareEvent } from "@protobff/runtime/internal/observer-upstreams";

const PERIOD_MS = 60_000;
/** Maximum number of keys that are counted within a period. */
const COUNTED = 1_000;

/** Most refused key of a period, at one place. `total`: all refusals of the period. */
interface Noisiest extends ShareEvent {
  readonly count: number;
  readonly total: number;
}

/** Finds the key that fair queues refuse most. */
export class NoisyKeys {
  readonly #counts = new Map<string, { readonly event: ShareEvent; count: number }>();
  #total = 0;
  #since = Number.NEGATIVE_INFINITY;

  /** Counts a refusal. Returns the noisiest key when a period is over; the first refusal ends one. */
  refused(event: ShareEvent, now: number): Noisiest | undefined {
    const id = JSON.stringify([event.place, event.branch, event.shard, event.key]);
    const counted = this.#counts.get(id) ?? { event, count: 0 };
    counted.count++;
    this.#total++;
    if (this.#counts.size < COUNTED) this.#counts.set(id, counted);
    if (now - this.#since < PERIOD_MS) return undefined;
    const all = [...this.#counts.values()];
    const { event: most, count } = all.reduce((best, next) => (next.count > best.count ? next : best), counted);
    const noisiest = { ...most, count, total: this.#total };
    this.#since = now;
    this.#total = 0;
    this.#counts.clear();
    return noisiest;
  }
}

import { Heap } from "./heap.ts";
import type { Share } from "./limit.ts";

/** Maximum number of keys without waiters whose finish is remembered. */
const REMEMBERED = 1_000;

/** The waiters of one key. */
interface Flow<W> {
  readonly key: string;
  /** Start tag of its first waiter; without waiters, the finish tag of its last one. */
  start: number;
  /** Weight of its newest waiter. */
  weight: number;
  count: number;
  first: Entry<W> | undefined;
  newest: Entry<W> | undefined;
  /** Index among the flows with waiters, or among those without. */
  turn: number;
  /** Index among the flows by their load. */
  load: number;
}
interface Entry<W> {
  readonly waiter: W;
  readonly flow: Flow<W>;
  readonly weight: number;
  /** Number of its arrival. */
  readonly arrival: number;
  before: Entry<W> | undefined;
  after: Entry<W> | undefined;
}

/**
 * Waiters in the order of start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996), of which each costs 1. Only the
 * first waiter of a key has a tag: the others start at the finish of the one before. A waiter that leaves without a place
 * costs its key nothing.
 */
export class FairOrder<W extends object> {
  readonly #flows = new Map<string, Flow<W>>();
  readonly #entries = new Map<W, Entry<W>>();
  readonly #waiting = new Heap<"turn", Flow<W>>("turn", startsEarlier);
  readonly #idle = new Heap<"turn", Flow<W>>("turn", (a, b) => a.start < b.start);
  readonly #heaviest = new Heap<"load", Flow<W>>("load", isHeavier);
  /** Highest start tag that was served. */
  #virtualTime = 0;
  #arrivals = 0;

  get size(): number {
    return this.#entries.size;
  }
  /** The waiter with the lowest start tag; of equal ones, the one that has waited longest. */
  get first(): W | undefined {
    return this.#waiting.first?.first?.waiter;
  }
  /** Number of keys that wait, or would not start anew. */
  get keys(): number {
    return this.#flows.size;
  }
  /** Returns the number of a key's waiters. */
  count(key: string): number {
    return this.#flows.get(key)?.count ?? 0;
  }
  add(waiter: W, { key, weight }: Share): void {
    const flow = this.#flows.get(key) ?? this.#create(key);
    const before = flow.newest;
    const entry: Entry<W> = { waiter, flow, weight, arrival: this.#arrivals++, before, after: undefined };
    this.#entries.set(waiter, entry);
    flow.newest = entry;
    flow.weight = weight;
    flow.count++;
    if (before !== undefined) {
      before.after = entry;
      this.#heaviest.moved(flow);
      return;
    }
    flow.first = entry;
    this.#idle.delete(flow);
    flow.start = Math.max(this.#virtualTime, flow.start);
    this.#waiting.add(flow);
    this.#heaviest.add(flow);
  }
  /** Removes a waiter that gets no place, and returns its share. Undefined: it does not wait here. */
  delete(waiter: W): Share | undefined {
    const entry = this.#entries.get(waiter);
    if (entry === undefined) return undefined;
    this.#remove(entry);
    return { key: entry.flow.key, weight: entry.weight };
  }
  /** Removes the first waiter, which gets a place. */
  take(): void {
    const flow = this.#waiting.first;
    if (flow?.first === undefined) return;
    this.#virtualTime = flow.start;
    flow.start += 1 / flow.first.weight;
    this.#remove(flow.first);
  }
  /** The newest waiter of the key with the most waiters per weight; of equal keys, the newest of all. */
  get spare(): W | undefined {
    return this.#heaviest.first?.newest?.waiter;
  }

  #create(key: string): Flow<W> {
    const none = { first: undefined, newest: undefined };
    const flow: Flow<W> = { key, start: 0, weight: 1, count: 0, turn: 0, load: 0, ...none };
    this.#flows.set(key, flow);
    this.#idle.add(flow);
    return flow;
  }
  #remove(entry: Entry<W>): void {
    const { flow, before, after, waiter } = entry;
    this.#entries.delete(waiter);
    if (this.#entries.size === 0) {
      this.#reset();
      return;
    }
    if (before === undefined) flow.first = after;
    else before.after = after;
    if (after === undefined) flow.newest = before;
    else after.before = before;
    flow.count--;
    if (flow.newest === undefined) {
      this.#waiting.delete(flow);
      this.#heaviest.delete(flow);
      this.#idle.add(flow);
    } else {
      flow.weight = flow.newest.weight;
      this.#waiting.moved(flow);
      this.#heaviest.moved(flow);
    }
    this.#forget();
  }
  /** Forgets keys that would start anew. */
  #forget(): void {
    for (let flow = this.#idle.first; flow !== undefined; flow = this.#idle.first) {
      if (flow.start > this.#virtualTime && this.#idle.size <= REMEMBERED) return;
      this.#idle.delete(flow);
      this.#flows.delete(flow.key);
    }
  }
  #reset(): void {
    this.#virtualTime = 0;
    this.#flows.clear();
    for (const heap of [this.#waiting, this.#idle, this.#heaviest]) heap.clear();
  }
}

function startsEarlier(a: Flow<unknown>, b: Flow<unknown>): boolean {
  return a.start < b.start || (a.start === b.start && (a.first?.arrival ?? 0) < (b.first?.arrival ?? 0));
}
function isHeavier(a: Flow<unknown>, b: Flow<unknown>): boolean {
  const lead = a.count / a.weight - b.count / b.weight;
  return lead > 0 || (lead === 0 && (a.newest?.arrival ?? 0) > (b.newest?.arrival ?? 0));
}

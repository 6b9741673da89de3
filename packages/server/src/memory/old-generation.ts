import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics, setFlagsFromString } from "node:v8";

/** Target share of process time for collecting the old generation: V8's own aim, for the objects that it allocates. */
const SHARE = 0.03;
/** Allocation after which V8 collects a small heap, including buffers, in bytes. */
const LEAST_BYTES = 8 << 20;
/** Upper limit of the allocation between two collections, in bytes. */
const MAX_BYTES = 32 << 20;
/** Upper limit of that allocation as a share of the maximum heap size. */
const MAX_SHARE = 1 / 8;
/** Least heap growth that is set; below it, V8 chooses. */
const LEAST_PERCENT = 100;

/**
 * Adapts the allocation between collections of the old generation. It doubles after a collection if collecting took
 * more than 3 % of the process time since the previous one, and halves otherwise. V8 pursues the same aim, but counts
 * only objects that it allocates. Messages of 1 MB are mostly buffers: 100 of them a second caused V8 to mark its whole
 * small heap for 30 % of the time.
 *
 * A growth set by the user (`--heap-growing-percent`) takes precedence. An unsupported flag changes nothing.
 */
export function steerOldGeneration({ execArgv }: Pick<NodeJS.Process, "execArgv">): void {
  if (execArgv.some((option) => /heap[-_]growing/.test(option))) return;
  const growth = new Growth(getHeapStatistics().heap_size_limit);
  let percent = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as PerformanceEntry[] as Collection[]) growth.collected(entry);
    const target = growth.percentOf(getHeapStatistics().used_heap_size);
    if (target !== percent) setFlagsFromString(`--heap-growing-percent=${target}`); // read at the end of each collection
    percent = target;
  }).observe({ type: "gc" });
}

/** A collection as Node reports it, in milliseconds. */
interface Collection extends PerformanceEntry {
  readonly detail: { readonly kind?: number };
}
const { NODE_PERFORMANCE_GC_MAJOR: MAJOR, NODE_PERFORMANCE_GC_INCREMENTAL: INCREMENTAL } = constants;

/** Allocation until the next collection, from the cost of previous ones. */
export class Growth {
  readonly #most: number;
  #bytes = LEAST_BYTES;
  #spentMs = 0;
  #endedAt = 0;

  /** @param heapBytes what the heap may become */
  constructor(heapBytes: number) {
    this.#most = Math.max(LEAST_BYTES, Math.min(MAX_BYTES, heapBytes * MAX_SHARE));
  }
  collected({ startTime, duration, detail: { kind } }: Pick<Collection, "startTime" | "duration" | "detail">): void {
    if (kind === MAJOR || kind === INCREMENTAL) this.#spentMs += duration;
    if (kind !== MAJOR) return;
    const endedAt = startTime + duration;
    const share = this.#spentMs / (endedAt - this.#endedAt);
    this.#endedAt = endedAt;
    this.#spentMs = 0;
    this.#bytes = share > SHARE ? Math.min(2 * this.#bytes, this.#most) : Math.max(this.#bytes / 2, LEAST_BYTES);
  }
  /**
   * Returns the growth to set for a heap of this size in bytes. 0: V8 chooses.
   *
   * @returns percent, as in V8's `--heap-growing-percent`
   */
  percentOf(heapBytes: number): number {
    const percent = Math.ceil((100 * this.#bytes) / heapBytes);
    return this.#bytes === LEAST_BYTES || percent < LEAST_PERCENT ? 0 : percent;
  }
}

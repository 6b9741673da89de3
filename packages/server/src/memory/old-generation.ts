import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics, setFlagsFromString } from "node:v8";

/** What collecting the old generation may take of the process' time: V8's own aim, for what it knows of. */
const SHARE = 0.03;
/** V8 collects a small heap whenever so much has come together, of buffers, too, in bytes; */
const LEAST_BYTES = 8 << 20;
/** and we whenever so much has, at most, */
const MOST_BYTES = 32 << 20;
/** and no more than so large a part of what the heap may become. */
const MOST_PART = 1 / 8;
/** Less than that V8 may find itself. */
const LEAST_PERCENT = 100;

/**
 * Lets twice as much come together until V8 collects the old generation again, as often as collecting took more than 3 % of the process' time
 * since it was collected last, and half as much where it did not. V8 means to do that itself, but knows only of objects that it
 * allocates: messages of 1 MB are mostly buffers, and 100 of them a second had it mark its whole heap, small as that was, for 30 % of the time.
 *
 * Whoever starts Node with a growth of their own (`--heap-growing-percent`) has that. What V8 does not know is left as it is.
 */
export function steerOldGeneration({ execArgv }: Pick<NodeJS.Process, "execArgv">): void {
  if (execArgv.some((option) => /heap[-_]growing/.test(option))) return;
  const growth = new Growth(getHeapStatistics().heap_size_limit);
  let percent = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as PerformanceEntry[] as Collection[]) growth.collected(entry);
    const wanted = growth.percentOf(getHeapStatistics().used_heap_size);
    if (wanted !== percent) setFlagsFromString(`--heap-growing-percent=${wanted}`); // read at the end of each collection
    percent = wanted;
  }).observe({ type: "gc" });
}

/** As Node tells of it, in milliseconds. */
interface Collection extends PerformanceEntry {
  readonly detail: { readonly kind?: number };
}
const { NODE_PERFORMANCE_GC_MAJOR: MAJOR, NODE_PERFORMANCE_GC_INCREMENTAL: INCREMENTAL } = constants;

/** How much is to come together, going by what collections took. */
export class Growth {
  readonly #most: number;
  #bytes = LEAST_BYTES;
  #spentMs = 0;
  #endedAt = 0;

  /** @param heapBytes what the heap may become */
  constructor(heapBytes: number) {
    this.#most = Math.max(LEAST_BYTES, Math.min(MOST_BYTES, heapBytes * MOST_PART));
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
   * By how much a heap may grow that is so large, in bytes; 0: by what V8 finds right.
   *
   * @returns in percent, as V8's `--heap-growing-percent` has it
   */
  percentOf(heapBytes: number): number {
    const percent = Math.ceil((100 * this.#bytes) / heapBytes);
    return this.#bytes === LEAST_BYTES || percent < LEAST_PERCENT ? 0 : percent;
  }
}

// Counts the allocations of a process inside it. Counting begins with the first question: see probe.ts.
import { GCProfiler, getHeapStatistics } from "node:v8";

/** Allocations since the first reading, which returns zeros. */
export interface Garbage {
  /** Bytes of objects, garbage by now or not. In Node without buffers, which are outside of the heap. */
  readonly heapBytes: number;
  /** In Node how long the thread of JavaScript stood still for collections, in Go the CPU of the collector; in microseconds. */
  readonly gcMicros: number;
  /** Objects allocated; undefined until {@link AllocationCount} is started, because counting is expensive. */
  readonly objects?: number;
}

/** Adds up what came between collections: the heap before one, less the heap after the one before it. */
export class GarbageCount {
  #profiler: GCProfiler | undefined;
  #lastBytes = 0;
  #heapBytes = 0;
  #gcMicros = 0;

  read(): Garbage {
    const end = getHeapStatistics().used_heap_size;
    if (this.#profiler !== undefined) {
      for (const { beforeGC, afterGC, cost } of this.#profiler.stop().statistics) {
        this.#heapBytes += beforeGC.heapStatistics.usedHeapSize - this.#lastBytes;
        this.#lastBytes = afterGC.heapStatistics.usedHeapSize;
        this.#gcMicros += cost;
      }
      this.#heapBytes += end - this.#lastBytes;
    }
    // A profiler keeps a record of each collection until it is stopped, and returns each record once.
    this.#profiler = new GCProfiler();
    this.#profiler.start();
    this.#lastBytes = getHeapStatistics().used_heap_size;
    return { heapBytes: this.#heapBytes, gcMicros: this.#gcMicros };
  }
}

/**
 * Counts every allocation, which makes allocations many times slower. A combined allocation of optimised code counts as
 * one.
 */
export class AllocationCount {
  #session: import("node:inspector/promises").Session | undefined;

  async start(): Promise<void> {
    const { Session } = await import("node:inspector/promises");
    this.#session = new Session();
    this.#session.connect();
    await this.#session.post("HeapProfiler.startSampling", {
      samplingInterval: 1,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
  }

  async stop(): Promise<number> {
    if (this.#session === undefined) return 0;
    const { profile } = await this.#session.post("HeapProfiler.stopSampling");
    this.#session.disconnect();
    // Node's types lack it: an entry for each object.
    return "samples" in profile && Array.isArray(profile.samples) ? profile.samples.length : 0;
  }
}

// V8's heap in a server that is idle most of the time, and that replaces large programs. Decision 0063 has the reasons.
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";

/** Smaller halves double the time of collections, larger ones stay resident. */
const HALF_BYTES = 8 << 20;
const MAX_ARRAYS = 4_000;
const ARRAY_LENGTH = 1_000;
/** A full collection of this many bytes at once takes about 0.1 s. */
const MAX_BYTES_AT_ONCE = 150e6;

/**
 * Grows each half of the young generation to 8 MB and holds it there; by itself it would grow to 16 MB and more. V8
 * shrinks it while nothing happens. The old generation grows by a quarter between two full collections, not to four
 * times its size. A small one is collected at once: a collection beside the program keeps all that is made meanwhile.
 * A size set by the user (`--max-semi-space-size`) takes precedence.
 */
export function boundHeap({ execArgv, env }: Pick<NodeJS.Process, "execArgv" | "env"> = process): void {
  if ([...execArgv, env.NODE_OPTIONS ?? ""].some((option) => /semi[-_]space/.test(option))) return;
  const factor = Math.ceil(HALF_BYTES / youngBytes());
  if (factor > 1) {
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
    // It grows when more objects survive a collection than it held before.
    const survivors: number[][] = [];
    while (youngBytes() < HALF_BYTES && survivors.length < MAX_ARRAYS)
      survivors.push(new Array<number>(ARRAY_LENGTH).fill(0));
  }
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=25");
  const isLarge = getHeapStatistics().used_heap_size > MAX_BYTES_AT_ONCE;
  setFlagsFromString(isLarge ? "--incremental-marking" : "--no-incremental-marking");
}

/** Returns the capacity of each half of the young generation, in bytes. */
export function youngBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return space === undefined ? HALF_BYTES : space.space_used_size + space.space_available_size;
}

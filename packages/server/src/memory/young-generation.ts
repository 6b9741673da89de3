import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { collectEverything } from "./full-collection.ts";

/**
 * Size of each half of the young generation, in bytes: several times the data in progress, also for requests that make
 * much garbage.
 */
const TARGET_BYTES = 8 << 20;

/**
 * Bounds the young generation of this process' heap. V8 lets each of its halves grow to 16 MiB and more. Under load,
 * most of the memory would be garbage that is not yet collected. Garbage of the start is collected.
 *
 * A size set by the user (`--max-semi-space-size`) takes precedence. An unsupported flag changes nothing.
 */
export function boundYoungGeneration({ execArgv, env }: Pick<NodeJS.Process, "execArgv" | "env">): void {
  if ([...execArgv, env.NODE_OPTIONS ?? ""].some((option) => /semi[-_]space/.test(option))) return;
  collectEverything("last-resort"); // loading a server has let it grow to its bound already, and nothing else takes that back
  let factor: 0 | 1 | 2 = 0;
  // V8 reads its bounds once, before any JavaScript runs. It reads the factor whenever it grows the young generation,
  // at the end of a collection. It also shrinks the young generation at low load.
  const steer = () => {
    const target = youngBytes() * 2 <= TARGET_BYTES ? 2 : 1;
    if (factor === target) return;
    factor = target;
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  };
  steer();
  new PerformanceObserver(steer).observe({ type: "gc" });
}

/** Returns the current capacity of each half, in bytes. */
export function youngBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return space === undefined ? TARGET_BYTES : space.space_used_size + space.space_available_size;
}

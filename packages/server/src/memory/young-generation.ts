import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { collectEverything } from "./full-collection.ts";

/** Of each half of the young generation, in bytes: several times what is under way, also of requests that make much garbage. */
const WANTED_BYTES = 8 << 20;

/**
 * Bounds the young generation of this process' heap, which V8 lets grow to 16 MiB and more for each of its halves: most of what a process
 * holds under load would be garbage that nobody has come to collect. Its other garbage, that of the start, is collected.
 *
 * Whoever starts Node with a size of their own (`--max-semi-space-size`) has that. What V8 does not know is left as it is.
 */
export function boundYoungGeneration({ execArgv, env }: Pick<NodeJS.Process, "execArgv" | "env">): void {
  if ([...execArgv, env.NODE_OPTIONS ?? ""].some((option) => /semi[-_]space/.test(option))) return;
  collectEverything("last-resort"); // loading a server has let it grow to its bound already, and nothing else takes that back
  let factor: 0 | 1 | 2 = 0;
  // V8 reads its bounds proper once, before any code of ours, but the factor whenever it lets the young generation grow, at the end of a
  // collection. It also shrinks it, when little is going on.
  const steer = () => {
    const wanted = youngBytes() * 2 <= WANTED_BYTES ? 2 : 1;
    if (factor === wanted) return;
    factor = wanted;
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  };
  steer();
  new PerformanceObserver(steer).observe({ type: "gc" });
}

/** What each half has room for now, in bytes. */
export function youngBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return space === undefined ? WANTED_BYTES : space.space_used_size + space.space_available_size;
}

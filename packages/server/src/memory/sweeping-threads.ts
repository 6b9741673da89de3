import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import { collectEverything } from "./full-collection.ts";

/**
 * V8's flags for sweeping by other threads. Marking stays on other threads, because it takes the longest: much of the
 * heap is alive.
 */
const FLAGS = ["--no-concurrent-sweeping", "--no-concurrent-array-buffer-sweeping"];

/**
 * Makes V8 sweep on the JavaScript thread, in steps, if there is one processor. Sweeping threads would compete for that
 * processor. After a collection they hold it for as long as the system allows, 3 to 9 ms, during which nothing is
 * answered.
 *
 * Flags set by the user for this purpose (`--single-threaded-gc`, `--concurrent-sweeping`) take precedence.
 */
export function sweepOnOneThread(
  { execArgv }: Pick<NodeJS.Process, "execArgv">,
  processors: number = availableParallelism(),
): void {
  if (processors > 1 || execArgv.some((option) => /single[-_]threaded|concurrent[-_]/.test(option))) return;
  collectEverything("regular"); // no thread is at work on a collection when that has returned, which such a flag would forget
  for (const flag of FLAGS) setFlagsFromString(flag);
}

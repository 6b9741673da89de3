import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import { collectEverything } from "./full-collection.ts";

/** V8's, for what other threads free after a collection. Marking stays theirs, too: what is alive is much, and to mark that takes the longest. */
const FLAGS = ["--no-concurrent-sweeping", "--no-concurrent-array-buffer-sweeping"];

/**
 * Where there is one processor, has V8 free what it has collected on the thread that runs JavaScript, a piece at a time. Threads that do it beside that
 * would have to take its processor: woken at the end of a collection, they keep it for as long as the system lets them, 3 to 9 ms, in which nothing is answered.
 *
 * Whoever starts Node with flags of their own for this (`--single-threaded-gc`, `--concurrent-sweeping`) has those.
 */
export function sweepOnOneThread(
  { execArgv }: Pick<NodeJS.Process, "execArgv">,
  processors: number = availableParallelism(),
): void {
  if (processors > 1 || execArgv.some((option) => /single[-_]threaded|concurrent[-_]/.test(option))) return;
  collectEverything("regular"); // no thread is at work on a collection when that has returned, which such a flag would forget
  for (const flag of FLAGS) setFlagsFromString(flag);
}

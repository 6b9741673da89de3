import { setFlagsFromString } from "node:v8";

/** Versions of V8 of which the flag is known (Node 24 to 26). Later ones always count so (V8 commit 6a5039d9db). */
const [FROM, BEFORE] = [13.6, 14.8];

/**
 * Makes V8 collect the old generation by what buffers hold. Otherwise it counts each byte that was allocated in a buffer
 * since the last collection, dead or alive: messages of 1 MB and more cause it to mark the whole heap all the time. From
 * 64 MB on it then marks for 5 to 10 ms at each further buffer, many times in one turn of the event loop.
 */
export function countHeldBuffers({ v8 }: Pick<NodeJS.ProcessVersions, "v8">): void {
  const version = Number(/^\d+\.\d+/.exec(v8));
  if (version >= FROM && version < BEFORE) setFlagsFromString("--external-memory-accounted-in-global-limit");
}

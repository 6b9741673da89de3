import type { Server } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

/** So many wait to be accepted at most, and as many come meanwhile: of what node asks the system for, twice. */
const MOST_TURNS = 1_022;

/**
 * Accepts who has connected already. Whoever still waits when a port is closed is reset, with what they have sent; and of those who wait libuv accepts one
 * in each turn of the event loop.
 */
export async function acceptAll(server: Server): Promise<void> {
  let came = false;
  const accepted = (): void => {
    came = true;
  };
  server.on("connection", accepted);
  // The first turn may be one that has looked for connections already.
  for (let turns = 0, none = 0; turns < MOST_TURNS && none < 2; turns++) {
    came = false;
    await turn();
    none = came ? 0 : none + 1;
  }
  server.off("connection", accepted);
}

import type { Server } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

/**
 * Maximum number of event loop turns: twice the backlog of 511 that node requests, because as many connections may
 * arrive meanwhile.
 */
const MAX_TURNS = 1_022;

/**
 * Accepts all connections in the backlog. Closing the port resets the connections left in it, and loses their requests.
 * libuv accepts one of them in each turn of the event loop.
 */
export async function acceptAll(server: Server): Promise<void> {
  let came = false;
  const accepted = (): void => {
    came = true;
  };
  server.on("connection", accepted);
  // The first turn may already have accepted connections.
  for (let turns = 0, none = 0; turns < MAX_TURNS && none < 2; turns++) {
    came = false;
    await turn();
    none = came ? 0 : none + 1;
  }
  server.off("connection", accepted);
}

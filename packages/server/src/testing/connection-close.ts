import type { EventEmitter } from "node:events";

/**
 * Resolves when a connection has closed, however it ended. `once(connection, "close")` rejects when an error comes before,
 * such as the reset that a peer gets who still sends while it is hung up on.
 */
export function closing(connection: EventEmitter): Promise<void> {
  return new Promise((resolve) => connection.on("error", () => {}).once("close", resolve));
}

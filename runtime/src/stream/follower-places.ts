import { type ConnectError, createContextKey } from "@connectrpc/connect";
import type { IncomingHeaders } from "../identity/incoming-request.ts";

/** The followers on one server, which counts them, and drains them when it shuts down. */
export interface FollowerPlaces {
  /** True if the server is shutting down. New followers are drained at once. */
  readonly draining: boolean;
  /**
   * @param headers of its request, authenticated if an identity governs the RPC
   * @returns the refusal, if no place is free for it
   */
  enter(follower: { drain(): void }, headers: IncomingHeaders): ConnectError | undefined;
  leave(follower: { drain(): void }): void;
}

/**
 * Places of the server that has passed a request to Connect's adapter. Undefined for another server, which has no such
 * places.
 */
export const PLACES = createContextKey<FollowerPlaces | undefined>(undefined);

import { type ConnectError, createContextKey } from "@connectrpc/connect";
import type { IncomingHeaders } from "../identity/incoming.ts";

/** Those who follow something on one server, which counts them, and sends them away when it goes. */
export interface FollowerPlaces {
  /** Whether the server is going: who begins now is to be drained at once. */
  readonly draining: boolean;
  /**
   * @param headers of its request, judged where an identity governs the rpc
   * @returns the refusal, if there is no place for it
   */
  enter(follower: { drain(): void }, headers: IncomingHeaders): ConnectError | undefined;
  leave(follower: { drain(): void }): void;
}

/** Of the server that has left a request to Connect's adapter; undefined: it is somebody's own, which does neither. */
export const PLACES = createContextKey<FollowerPlaces | undefined>(undefined);

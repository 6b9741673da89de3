import { createContextKey } from "@connectrpc/connect";

/** Those who follow something on one server, which counts them, and sends them away when it goes. */
export interface FollowerPlaces {
  /** Whether the server is going: who begins now is to be drained at once. */
  readonly draining: boolean;
  /** @returns false where there are as many as there may be */
  enter(follower: { drain(): void }): boolean;
  leave(follower: { drain(): void }): void;
}

/** Of the server that has left a request to Connect's adapter; undefined: it is somebody's own, which does neither. */
export const PLACES = createContextKey<FollowerPlaces | undefined>(undefined);

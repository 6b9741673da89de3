// Messages between the supervisor and its workers. All have the key `bff`, because a user's module may use the same
// channel.

import type { MetricsSnapshot } from "../metrics/snapshot.ts";
import type { Load } from "../overload/load.ts";

/** Messages of the supervisor. `connection` carries a socket. */
export type Order =
  | { readonly bff: "connection" }
  /** Not ready from now on, and serving as before. */
  | { readonly bff: "leave" }
  /**
   * No connection follows: answer the running requests, and end. `replaced`: another worker has taken over, so the
   * server is still ready.
   */
  | { readonly bff: "end"; readonly replaced: boolean }
  | { readonly bff: "ping" }
  /** What has it counted? */
  | { readonly bff: "snapshot" }
  /** Purge answers with these tags, and confirm the round. */
  | { readonly bff: "purge"; readonly round: number; readonly names: readonly string[] };

/** From a worker. */
export type Report =
  /** It can serve. */
  | { readonly bff: "up" }
  /** It can also authenticate callers: `/readyz` reports that it is ready. */
  | { readonly bff: "ready" }
  /** A connection has come. */
  | { readonly bff: "taken" }
  /** Number of connections that have closed. */
  | { readonly bff: "closed"; readonly count: number }
  /** A signal from outside has requested its end, and it waits for the supervisor's order. */
  | { readonly bff: "leaving" }
  | { readonly bff: "pong"; readonly load: Load }
  /** The purge of this round has reached its cache. */
  | { readonly bff: "purged"; readonly round: number }
  /** Answer to a request for metrics, and sent once more at the end. */
  | { readonly bff: "snapshot"; readonly snapshot: MetricsSnapshot };

/** The message, where it is one of ours. */
export function ours<Message extends Order | Report>(message: unknown): Message | undefined {
  const is = typeof message === "object" && message !== null && "bff" in message;
  return is ? (message as Message) : undefined;
}

/** Environment variable of a worker: its number, from 1. */
export const WORKER_MARK = "BFF_WORKER";

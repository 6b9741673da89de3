// What the supervisor and its workers say to each other. All of it has the key `bff`: a user's module may use the same channel.

import type { MetricsSnapshot } from "../metrics/snapshot.ts";

/** From the supervisor. `connection` comes with a socket. */
export type Order =
  | { readonly bff: "connection" }
  /** Not ready from now on, and serving as before. */
  | { readonly bff: "leave" }
  /** No connection comes after this: answer what is there, and end. `replaced`: another worker has taken over, so the server is still ready. */
  | { readonly bff: "end"; readonly replaced: boolean }
  | { readonly bff: "ping" }
  /** What has it counted? */
  | { readonly bff: "snapshot" };

/** From a worker. */
export type Report =
  /** It can serve. */
  | { readonly bff: "up" }
  /** It can also judge callers: what `/readyz` says. */
  | { readonly bff: "ready" }
  /** A connection has come. */
  | { readonly bff: "taken" }
  /** So many connections have closed. */
  | { readonly bff: "closed"; readonly count: number }
  /** It was told to end by somebody else, and waits for the order. */
  | { readonly bff: "leaving" }
  | { readonly bff: "pong" }
  /** Asked for, and once more at the end. */
  | { readonly bff: "snapshot"; readonly snapshot: MetricsSnapshot };

/** The message, where it is one of ours. */
export function ours<Message extends Order | Report>(message: unknown): Message | undefined {
  const is = typeof message === "object" && message !== null && "bff" in message;
  return is ? (message as Message) : undefined;
}

/** In the environment of a worker: its number, from 1. */
export const WORKER_MARK = "BFF_WORKER";

import type { Transitions } from "@protobff/runtime/internal/states";

/**
 * Progress of a call:
 * - `arriving`: the request is incomplete.
 * - `refused`: the refusal waits for the rest of the request, for a short time.
 * - `arrived`: the request is complete. It waits for its turn, or is read.
 * - `authenticating`: `authenticate` has returned a promise.
 * - `running`: the endpoint has the message, and reports the outcome to observers.
 * - `unread`: settled before the request was complete; its rest is dropped.
 * - `answered`: settled, and the request is complete.
 * - `closed`: the stream or connection has closed.
 */
export type CallState =
  | "arriving"
  | "refused"
  | "arrived"
  | "authenticating"
  | "running"
  | "unread"
  | "answered"
  | "closed";
export const CALL_TRANSITIONS: Transitions<CallState> = {
  arriving: ["refused", "arrived", "unread"],
  refused: ["arrived", "unread"],
  arrived: ["authenticating", "running", "answered"],
  authenticating: ["arrived", "answered"],
  running: ["answered"],
  unread: ["answered", "closed"],
  answered: ["closed"],
  closed: [],
};

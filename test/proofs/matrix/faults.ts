// The columns of the matrix: faults of a call, and their results by runtime.md.
import {
  breakerOpen,
  broken,
  type Ending,
  type Failing,
  type FaultModel,
  queueFull,
  senseless,
  status,
} from "../oracle/faults.ts";
import type { HttpPlay } from "./http-faults.ts";

/** Behaviour of the upstream on the wire. */
export type Play =
  | "answer"
  | "refuse connection"
  | "cut in headers"
  | "cut in body"
  | "reset in body"
  | "cancel in body"
  | "refuse stream"
  | "hang"
  | "hang in body"
  | "trickle"
  | "trickle for ever"
  | "not gRPC"
  | "HTTP 503"
  | "HTTP 404"
  | "garbage"
  | "truncated frame"
  | "two messages"
  | "compressed"
  | "oversize"
  | "no trailers"
  | "no status"
  | "GOAWAY before"
  | "GOAWAY, processed"
  | "GOAWAY, lost"
  | "slow"
  | { readonly status: number; readonly pushbackMs?: number; readonly afterMessage?: boolean };

/** Over HTTP/JSON. */
export interface OverHttp {
  readonly http: HttpPlay;
}

export interface Fault extends FaultModel {
  readonly name: string;
  readonly play: Play | OverHttp;
  /** Only the first attempt of a call meets it. */
  readonly once?: boolean;
  /** State before the request: it blocks all calls to the upstream, or takes its retry tokens. */
  readonly prime?: "breaker" | "limit" | "budget";
}

/** The text of every status; no rule of the BFFs tests for it. */
export const STATUS_TEXT = "made to fail";

const fine: Ending = { kind: "answer" };
const failing = (failure: Failing, pushback = false): Ending => ({ kind: "failure", failing: failure, pushback });
const fault = (name: string, play: Play, first: Ending, more: Partial<Fault> = {}): Fault => ({
  name,
  play,
  first,
  ...more,
});
const statuses = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const UNAVAILABLE = 14;
const unavailable = failing(status(UNAVAILABLE, STATUS_TEXT));

export const faults: readonly Fault[] = [
  fault("none", "answer", fine),
  fault("refused connection", "refuse connection", failing(broken())),
  fault("connection lost in the headers", "cut in headers", failing(broken())),
  fault("connection lost in the body", "cut in body", failing(broken())),
  fault("stream reset in the body", "reset in body", failing(broken(13))),
  fault("stream cancelled in the body", "cancel in body", failing(broken(1))),
  fault("stream refused", "refuse stream", failing(broken()), { unprocessed: true }),
  fault("hang", "hang", { kind: "silence" }),
  fault("hang in the body", "hang in body", { kind: "silence" }),
  fault("trickle, in time", "trickle", { kind: "answer", slow: true }),
  fault("trickle, for ever", "trickle for ever", { kind: "silence" }),
  fault("wrong content type", "not gRPC", failing(senseless)),
  fault("HTTP 503", "HTTP 503", failing(status(UNAVAILABLE))),
  fault("HTTP 404", "HTTP 404", failing(status(12))),
  fault("undecodable body", "garbage", failing(senseless)),
  fault("truncated frame", "truncated frame", failing(senseless)),
  fault("two messages", "two messages", failing(senseless)),
  fault("compressed message", "compressed", failing(senseless)),
  fault("oversize message", "oversize", failing(senseless)),
  fault("missing trailers", "no trailers", failing(senseless)),
  fault("headers alone, without a status", "no status", failing(senseless)),
  fault("GOAWAY before the stream", "GOAWAY before", fine, { unprocessed: true }),
  fault("GOAWAY, the stream is answered", "GOAWAY, processed", fine),
  fault("GOAWAY, then lost", "GOAWAY, lost", failing(broken())),
  ...statuses.map((code) => fault(`status ${code}`, { status: code }, failing(status(code, STATUS_TEXT)))),
  fault("status 13 behind a message", { status: 13, afterMessage: true }, failing(status(13, STATUS_TEXT))),
  fault("status 99", { status: 99 }, failing(status(2, STATUS_TEXT))),
  fault(
    "status 14, not to be retried",
    { status: UNAVAILABLE, pushbackMs: -1 },
    failing(status(UNAVAILABLE, STATUS_TEXT), true),
  ),
  fault("status 14, to be retried in 3 ms", { status: UNAVAILABLE, pushbackMs: 3 }, unavailable),
  fault("slow, then fine", "slow", { kind: "answer", slow: true }),
  fault("status 14 once, then fine", { status: UNAVAILABLE }, unavailable, { once: true, later: fine }),
  fault("breaker open", "answer", failing(breakerOpen), { prime: "breaker" }),
  fault("queue full", "answer", failing(queueFull), { prime: "limit" }),
  fault("retry budget exhausted", { status: UNAVAILABLE }, unavailable, { prime: "budget", exhausted: true }),
];

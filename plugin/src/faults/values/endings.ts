// Endings of calls, as in runtime.md's table of failures.
import type { Cause, Reason } from "./results.ts";

/** The columns of the table. */
export const FAULTS = [
  "timeout",
  "unavailable",
  "refused",
  "not found",
  "exhausted",
  "garbage",
  "oversize",
  "breaker open",
  "limited",
  "slow",
  "stale",
  "one item",
] as const;
export type FaultName = (typeof FAULTS)[number];

/** Further ones of a call that is followed: behind its first item that counts. */
export const LATER_FAULTS = [
  "broken later",
  "not found later",
  "silent later",
  "garbage later",
  "oversize later",
] as const;
export type LaterFault = (typeof LATER_FAULTS)[number];
export type FollowedFault = FaultName | LaterFault;

/** Ending of every attempt of a call. */
export type Ending =
  | { readonly kind: "answer" }
  | {
      readonly kind: "failure";
      /** Value of `error.code`. */
      readonly code: number;
      /** Code that a client receives. */
      readonly clientCode: number;
      readonly reason: Reason;
      /** Message of the upstream, or its substitute. Undefined: it is unknown. */
      readonly message?: string;
      /** True if it ends when its time is over. */
      readonly hangs?: true;
    };

type Failing = Ending & { readonly kind: "failure" };
const ANSWER: Ending = { kind: "answer" };
const failure = (code: number, clientCode: number, reason: Reason): Failing => ({
  kind: "failure",
  code,
  clientCode,
  reason,
});

/** Messages of the runtime, or a mock, if an upstream has not answered with a status. */
export const OWN_TEXT = {
  timeout: "no answer in time",
  refused: "connect ECONNREFUSED (a mock)",
  garbage: "Error: invalid wire format before byte 1",
  oversize: "a reply that is too large (a mock)",
  "breaker open": "breaker open",
  limited: "too many calls",
} as const;

/** The text of every status that a fault is. */
const STATUS_TEXT = "made to fail";

/** An upstream has answered with this status. */
function statusEnding(code: number): Ending {
  return { ...mapped(code), message: STATUS_TEXT };
}
function mapped(code: number): Failing {
  switch (code) {
    case 4:
      return failure(code, code, "TIMEOUT");
    case 8:
    case 14:
      return failure(code, code, "UNAVAILABLE");
    case 1:
    case 2:
    case 10:
    case 13:
    case 15:
      return failure(code, 13, "UNAVAILABLE");
    default:
      return failure(code, 13, "REJECTED");
  }
}

/** Ending of a call that is not sent, because the time for calls is over. */
export const UNSENT: Failing = { ...failure(4, 4, "TIMEOUT"), hangs: true };

/**
 * Returns the ending of a call with this fault. "stale": a call whose failure a stale answer may replace. "one item": the
 * first call of a list of calls.
 */
export function endingOf(fault: FaultName): Ending {
  switch (fault) {
    case "timeout":
      return { ...UNSENT, message: OWN_TEXT[fault] };
    case "unavailable":
    case "stale":
    case "one item":
      return statusEnding(14);
    case "refused":
      return { ...failure(14, 14, "UNAVAILABLE"), message: OWN_TEXT[fault] };
    case "not found":
      return statusEnding(5);
    case "exhausted":
      return statusEnding(8);
    case "garbage":
    case "oversize":
      return { ...failure(13, 13, "INVALID"), message: OWN_TEXT[fault] };
    case "breaker open":
      return { ...failure(14, 14, "BREAKER_OPEN"), message: OWN_TEXT[fault] };
    case "limited":
      return { ...failure(8, 8, "LIMITED"), message: OWN_TEXT[fault] };
    case "slow":
      return ANSWER;
  }
}

export const causeOf = (ending: Failing, upstream: string): Cause => ({
  reason: ending.reason,
  upstream,
});

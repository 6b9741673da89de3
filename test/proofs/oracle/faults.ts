// Applies the table of failures in runtime.md: the result of an upstream's fault, and the faults that are retried.
import type { CallFailure } from "./outcomes.ts";
import type { Policy } from "./policy.ts";
import { Reason } from "./taints/taint.ts";

const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const ABORTED = 10;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const DATA_LOSS = 15;

export type Failing = Omit<CallFailure, "upstream">;

/** An upstream answered with this status; `message`: its text. */
export function status(code: number, message = ""): Failing {
  switch (code) {
    case DEADLINE_EXCEEDED:
      return { code, reason: Reason.TIMEOUT, clientCode: code, message };
    case UNAVAILABLE:
    case RESOURCE_EXHAUSTED:
      return { code, reason: Reason.UNAVAILABLE, clientCode: code, message };
    case INTERNAL:
    case UNKNOWN:
    case DATA_LOSS:
    case ABORTED:
    case CANCELLED:
      return { code, reason: Reason.UNAVAILABLE, clientCode: INTERNAL, message };
    default:
      return { code, reason: Reason.REJECTED, clientCode: INTERNAL, message };
  }
}

/** No answer: the connection or the stream broke. `code`: gRPC's for how the stream was reset. */
export function broken(code = UNAVAILABLE): Failing {
  return { code, reason: Reason.UNAVAILABLE, clientCode: UNAVAILABLE };
}
/** An answer that makes no sense. */
export const senseless: Failing = { code: INTERNAL, reason: Reason.INVALID, clientCode: INTERNAL };
/** No answer in time. */
export const late: Failing = { code: DEADLINE_EXCEEDED, reason: Reason.TIMEOUT, clientCode: DEADLINE_EXCEEDED };
/** Our own refusals. */
export const breakerOpen: Failing = { code: UNAVAILABLE, reason: Reason.BREAKER_OPEN, clientCode: UNAVAILABLE };
export const queueFull: Failing = { code: RESOURCE_EXHAUSTED, reason: Reason.LIMITED, clientCode: RESOURCE_EXHAUSTED };

/** End of one attempt of a call. */
export type Ending =
  | { readonly kind: "answer"; readonly slow?: boolean }
  | { readonly kind: "failure"; readonly failing: Failing; readonly pushback?: boolean }
  /** Nothing comes, or never enough of it. */
  | { readonly kind: "silence" };

export interface FaultModel {
  readonly first: Ending;
  /** Ending of every attempt after the first. Default: that of the first. */
  readonly later?: Ending;
  /** The throttle of the upstream allows no retry and no hedge. */
  readonly exhausted?: boolean;
  /** The upstream certainly never saw the first one, which is then sent again and counts as no attempt. */
  readonly unprocessed?: boolean;
}

export interface Prediction {
  /** Undefined: a good answer. */
  readonly failing: Failing | undefined;
  /** Number of requests on the wire for the call: least and most. */
  readonly sent: readonly [least: number, most: number];
}

/** The end of a call each of whose attempts the model describes, when all of them have time. `retryIf`: whether `retry.if` holds for this failure. */
export function endOfCall(model: FaultModel, policy: Policy, retryIf: (failing: Failing) => boolean): Prediction {
  const hedges = model.exhausted ? 0 : policy.hedges;
  const resent = model.unprocessed ? 1 : 0;
  for (let attempt = 1; ; attempt++) {
    const ending = attempt === 1 ? model.first : (model.later ?? model.first);
    const sent = attempt + resent;
    if (ending.kind === "answer") return { failing: undefined, sent: [sent, sent + (ending.slow ? hedges : 0)] };
    if (ending.kind === "silence") return { failing: late, sent: [sent + hedges, sent + hedges] };
    const { failing, pushback = false } = ending;
    const retried = failing.reason !== Reason.INVALID && policy.on.includes(failing.code);
    const again = attempt < policy.attempts && retried && !pushback && !model.exhausted;
    if (!again || !retryIf(failing)) return { failing, sent: [sent, sent] };
  }
}

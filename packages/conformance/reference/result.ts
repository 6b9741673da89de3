// Results and failures of steps and expressions.
import type { CelInput } from "@bufbuild/cel";
import type { DescEnum } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";

export const REASONS = ["", "TIMEOUT", "UNAVAILABLE", "BREAKER_OPEN", "LIMITED", "REJECTED", "INVALID"];

/** A failure of a call or an expression. A step that is not critical recovers from it. */
export class StepFailure extends Error {
  /** Name of a reason of `Degradation.Reason`. */
  readonly reason: string;
  /** The client's status, if the failure is critical. */
  readonly code: Code;
  readonly upstream: string;
  /** The upstream's status. */
  readonly original: Code;
  readonly details: readonly { readonly type: string; readonly value: Uint8Array }[];
  /** The failed step was critical, so its readers fail, too. */
  critical = false;

  constructor(
    reason: string,
    code: Code,
    upstream: string,
    message: string,
    { original = code, details = [] }: Partial<Pick<StepFailure, "original" | "details">> = {},
  ) {
    super(message);
    this.reason = reason;
    this.code = code;
    this.upstream = upstream;
    this.original = original;
    this.details = details;
  }
}
export const invalid = (message: string, code: Code = Code.Internal, upstream = ""): StepFailure =>
  new StepFailure("INVALID", code, upstream, message);

/** The end of a whole response: a guard, or `fail` of an `on_error`. */
export class Refusal extends Error {
  readonly code: Code;
  readonly details: readonly { readonly type: string; readonly value: Uint8Array }[];
  /** Guards come before failures of calls, in declared order. */
  readonly rank: readonly number[] | undefined;

  readonly headers: Readonly<Record<string, string>>;

  constructor(code: Code, message: string, details: Refusal["details"], rank?: readonly number[], headers = {}) {
    super(message);
    this.code = code;
    this.details = details;
    this.rank = rank;
    this.headers = headers;
  }
}

/** Why a value differs from what it would have been. */
export interface Cause {
  readonly reason: string;
  readonly upstream: string;
  /** Items of a list are left out, and nothing else is changed. */
  readonly incomplete?: true;
}
/** An entry of `degraded`. */
export interface Entry extends Cause {
  readonly path: string;
  readonly effect: "MISSING" | "REPLACED" | "INCOMPLETE";
}

/** The value of a step, an argument or an expression. */
export interface Result {
  /** Undefined: absent. */
  readonly value: CelInput | undefined;
  readonly causes: readonly Cause[];
  /** A path without a value at its end, which leaves a field unset. An argument's `value` is then the default. */
  readonly unset?: true;
  /** The enum of the numbers that a path leads to. */
  readonly enum?: DescEnum | undefined;
  readonly failure?: StepFailure;
  readonly headers?: Headers;
  readonly trailers?: Headers;
  /** Entries of a composed message, or of each message of a list. */
  readonly entries?: readonly Entry[] | readonly (readonly Entry[])[];
  /** Names of the missing fields of a composed message, or of each message of a list. `part.`: some are in its `part`. */
  readonly lacks?: readonly ReadonlySet<string>[];
}
export const present = (value: CelInput, causes: readonly Cause[] = []): Result => ({ value, causes });
export const absent = (causes: readonly Cause[] = [], failure?: StepFailure): Result => ({
  value: undefined,
  causes,
  ...(failure && { failure }),
});
export const causeOf = ({ reason, upstream }: StepFailure): Cause => ({ reason, upstream });

/** Each cause once. */
export function unique(causes: readonly Cause[]): readonly Cause[] {
  return [...new Map(causes.map((cause) => [`${cause.reason} ${cause.upstream} ${cause.incomplete}`, cause])).values()];
}

import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { IBackoff } from "cockatiel";
// By its file: the whole package would be 28 modules more at each start.
import { ExponentialBackoff } from "cockatiel/dist/backoff/ExponentialBackoff.js";
import type { Clock, Timer } from "../clock.ts";
import { type Code, type Failure, type Fault, Reason } from "../failure.ts";

/** The request of a call, as a policy's condition sees it: `headers` and `now` of its expression. */
export interface RetryContext {
  /** An incoming header by its lower-case name; "" when absent. */
  header(name: string): string;
  now(): Timestamp;
}

/** Number, conditions and waits of retries (runtime.md, "Retries"). */
export interface RetryPolicy {
  /** Maximum number of attempts, the first included. */
  readonly attempts: number;
  readonly on: readonly Code[];
  /** The ceiling of the first wait, in milliseconds; each next one is `multiplier` times as high, up to `maxMs`. */
  readonly initialMs: number;
  /** In milliseconds. */
  readonly maxMs: number;
  readonly multiplier: number;
  /** In addition to `on`; a throw counts as false. */
  readonly when?: ((error: Failure, cx: RetryContext) => boolean) | undefined;
}

/** A condition of one call, bound to its request. */
export type RetryIf = (error: Failure) => boolean;

/** The waits between attempts: `duration` is the first, in milliseconds, and `next()` gives those after it. */
export type Backoff = IBackoff<unknown>;

/**
 * Starts exponential backoff with full jitter: each wait is between nothing and its ceiling. The jitter is ours,
 * because cockatiel's generators take their randomness from Math.random and always double.
 */
export function startBackoff(policy: Pick<RetryPolicy, "initialMs" | "maxMs" | "multiplier">, clock: Clock): Backoff {
  return new ExponentialBackoff<number>({
    initialDelay: policy.initialMs,
    maxDelay: policy.maxMs,
    exponent: policy.multiplier,
    generator: (retries = 0, { initialDelay, maxDelay, exponent }) => [
      clock.random() * Math.min(maxDelay, initialDelay * exponent ** retries),
      retries + 1,
    ],
  }).next();
}

/** Reports whether the policy retries after a failure. A message that does not fit would not fit again. */
export function retries(policy: RetryPolicy, failure: Failure, cx: RetryContext, also?: RetryIf): boolean {
  if (failure.reason === Reason.INVALID || !policy.on.includes(failure.code)) return false;
  if (policy.when === undefined && also === undefined) return true;
  try {
    return (policy.when?.(failure, cx) ?? true) && (also?.(failure) ?? true);
  } catch {
    return false;
  }
}

/** Faults of one call's attempts, and the wait before its next attempt. */
export class Retrying {
  /** True after an attempt that the upstream has never processed, and that was sent again. */
  resent = false;
  /** Ends the wait. */
  pause: Timer | undefined;
  /** The last fault, and the failure that it becomes. */
  fault: Fault | undefined;
  failure: Failure | undefined;
  #backoff: Backoff | undefined;

  /** Returns the wait of the fault, or else of the policy, in milliseconds; negative: no further attempt. */
  pauseMs({ pushbackMs }: Fault, policy: RetryPolicy, clock: Clock): number {
    if (pushbackMs !== undefined) {
      this.#backoff = undefined;
      return pushbackMs;
    }
    this.#backoff = this.#backoff?.next(undefined) ?? startBackoff(policy, clock);
    return this.#backoff.duration;
  }
}

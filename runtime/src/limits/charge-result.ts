import type { Failure } from "../failure.ts";
import type { RateLimit } from "./rate-limit.ts";

/** One charge of a request to a limit. */
export interface ChargeRequest {
  readonly limit: RateLimit;
  /** The caller's, as declared; not empty. */
  readonly key: string;
  /** In units; rounded up to a whole number, negative counts as 0. */
  readonly cost: number | bigint;
}

/** Reason to refuse a request. */
export interface Refusal {
  readonly failure: Failure;
  /** `exceeded`: the limit is used up; `unreachable`: the limit is closed; `cost`: more than could ever be charged. */
  readonly outcome: "exceeded" | "unreachable" | "cost";
  /** `<package>/<name>` of each limit that refuses. */
  readonly limits: readonly string[];
}

/** The charges of a request. Its functions never throw, and the request does not wait for them. */
export interface ChargeResult {
  /** `<package>/<name>` of the limits whose counters were unreachable, so that this process has counted instead. */
  readonly alone: readonly string[];
  /** `<package>/<name>` of the limits in a dry run that would have refused the request. */
  readonly dry?: readonly string[];
  /** Returns all charges. */
  refund(): void;
  /** Returns the units that a request of the list has been charged, after `settle`; undefined: nothing. */
  charged(index: number): number | undefined;
  /**
   * Replaces a requested cost with the actual cost, which may exceed the limit, up to `Counter.mostSettled`.
   *
   * @param index in the list of requests
   */
  settle(index: number, cost: number | bigint): void;
  /** Reports that the actual cost is unknown: the requested cost stays. */
  unsettled(index: number, cause: unknown): void;
}

export const isRefusal = (outcome: ChargeResult | Refusal): outcome is Refusal => "failure" in outcome;

// Numbers of calls by method, as data; null is "nothing bounds it".

import type { MethodCalls, SplitCalls } from "../../plan/check/max-calls.ts";
import { defined } from "../../text/json-member.ts";

/** Calls of one method in the worst case, and attempts with retries and hedges. */
export interface MethodCallsReport {
  readonly method: string;
  readonly calls: number | null;
  readonly attempts: number | null;
  /**
   * Calls that do not depend on the number of items; present only if an `each` without `max` leaves `calls` unbounded.
   */
  readonly per_request?: Omit<MethodCallsReport, "method">;
  /** Calls for one item of each list without `max`; present only with `per_request`. */
  readonly per_item?: Omit<MethodCallsReport, "method">;
}

export function methodCallsReport({ method, perRequest, perItem, ...all }: SplitCalls): MethodCallsReport {
  return {
    method,
    ...numbers(all),
    ...defined("per_request", perRequest && numbers(perRequest)),
    ...defined("per_item", perItem && numbers(perItem)),
  };
}

export const totalOf = (all: readonly MethodCalls[], measure: "calls" | "attempts"): number | null =>
  bounded(all.reduce((total, method) => total + method[measure], 0));

const numbers = ({ calls, attempts }: Omit<MethodCalls, "method">) => ({
  calls: bounded(calls),
  attempts: bounded(attempts),
});
const bounded = (count: number): number | null => (Number.isSafeInteger(count) ? count : null);

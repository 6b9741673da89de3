import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { Amount } from "../../ir/step.ts";
import { lowest } from "../../text/amount.ts";

/** An answer that is thrown away before it is stale. Without one of the two, or with `stale: "0s"`, nothing is. */
export function checkStale(
  { ttl, stale }: { readonly ttl?: Amount | undefined; readonly stale?: Amount | undefined },
  report: Report,
): void {
  if (ttl === undefined || stale === undefined || lowest(stale) > ttl.value || stale.value === 0) return;
  fault(report, "BFF801", stale.at, {
    message: `answers expire after ${ttl.value}ms, but stale answers are removed after ${lowest(stale)}ms`,
    related: [{ at: ttl.at, message: "an answer is fresh until here" }],
    derived: [ttl, stale].some(({ env }) => env !== undefined), // A faulty variable has no bounds.
    hint: "make `stale` longer than `ttl`: both start with the answer",
  });
}

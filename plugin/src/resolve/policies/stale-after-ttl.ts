import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Sourced } from "../../diagnostic/origin.ts";

/** An answer that is thrown away before it is stale. Without one of the two, or with `stale: "0s"`, nothing is. */
export function checkStale(
  { ttl, stale }: { readonly ttl?: Sourced<number> | undefined; readonly stale?: Sourced<number> | undefined },
  report: Report,
): void {
  if (ttl === undefined || stale === undefined || stale.value > ttl.value || stale.value === 0) return;
  report({
    code: "BFF801",
    severity: "error",
    message: `answers expire after ${ttl.value}ms, but stale answers are removed after ${stale.value}ms`,
    at: stale.at,
    related: [{ at: ttl.at, message: "an answer is fresh until here" }],
    hint: "make `stale` longer than `ttl`: both start with the answer",
  });
}

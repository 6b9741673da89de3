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
    message: `answers are stale after ${ttl.value}ms, but thrown away after ${stale.value}ms`,
    at: stale.at,
    related: [{ at: ttl.at, message: "as good as new until here" }],
    hint: "make `stale` longer than `ttl`: both count from when the answer came",
  });
}

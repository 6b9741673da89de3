// Limits of callers under capture. Their counters are shared by requests, and perhaps in a store.
import { isRefusal } from "@protobff/runtime/internal/limits/charge-result";
import type { Limits } from "@protobff/runtime/internal/limits/limits";
import { recording } from "./recording.ts";

/** Marks captures of requests that limits refuse, or that wait for counters elsewhere. A replay has no counters. */
export function captureLimits(limits: Pick<Limits, "charge">): void {
  const charge = limits.charge.bind(limits);
  limits.charge = (requests) => {
    const of = recording();
    const outcome = of === undefined ? charge(requests) : of.muted(() => charge(requests));
    if (of === undefined) return outcome;
    if (outcome instanceof Promise) of.incomparable = "its limits are counted in a store";
    else if (isRefusal(outcome)) of.incomparable = "a limit has refused it";
    return outcome;
  };
}

// Limits of calls: those of the response, of the method and of the upstream.
import type { Clock } from "../clock.ts";
import { AdaptiveLimit } from "../guard/adaptive-limit.ts";
import type { Pace } from "../guard/gradient.ts";
import { Limit, type LimitPolicy, type Places } from "../guard/limit.ts";
import { QueuedLimit } from "../guard/queued-limit.ts";

/**
 * Creates the limit of a policy.
 *
 * @param refused called for each call that a fair queue refuses, with its key
 */
export function limitOf(policy: LimitPolicy, clock: Clock, refused?: (key: string) => void): Places {
  const queue = policy.fair?.queue(policy.queued, refused);
  if (policy.adaptive) return new AdaptiveLimit(policy, clock, queue);
  return queue === undefined ? new Limit(policy) : new QueuedLimit(policy.concurrent, queue, clock);
}

/** A limit that learns from answers. */
export interface Learning {
  readonly limit: AdaptiveLimit;
  readonly answers: Pace;
  /** Pace of refusals (NOT_FOUND and the like), which may take less time. */
  readonly refusals: Pace;
}
/** Methods differ in the time of their answers, and so do answers and refusals. */
export function learning(method: string, ...limits: readonly (Places | undefined)[]): Learning[] | undefined {
  const all = limits.filter((limit) => limit instanceof AdaptiveLimit);
  if (all.length === 0) return undefined;
  return all.map((limit) => ({ limit, answers: limit.paceOf(method), refusals: limit.paceOf(`${method} refused`) }));
}

/**
 * Returns the limits of a call in an array of exact length. An array that grows by push reserves room for 16 more
 * elements, and each call has an array.
 */
export function limitsOf(response: Places, rpc: Places | undefined, upstream: Places | undefined): readonly Places[] {
  if (rpc === undefined) return upstream === undefined ? [response] : [response, upstream];
  return upstream === undefined ? [response, rpc] : [response, rpc, upstream];
}

// Policies for a followed call: it is sent once, and its answer has no end.

import { fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrCall, IrPolicy, IrUpstream } from "../../ir/step.ts";

/** Returns the policy without settings for single answers, which do not apply to streams. */
function plain(policy: IrPolicy): IrPolicy {
  return {
    ...policy,
    timeout: undefined,
    retry: undefined,
    hedge: undefined,
    cache: undefined,
    limit: policy.limit && { ...policy.limit, concurrent: undefined, queued: undefined, adaptive: undefined },
    onError: [],
  };
}
/** The same entries, each with its own policy object. */
export function plainEntries(entries: readonly IrUpstream[]): readonly IrUpstream[] {
  return entries.map((entry) => ({ ...entry, policy: plain(entry.policy) }));
}
export const bareCall = (call: IrCall): IrCall => ({ ...call, policy: plain(call.policy), batch: undefined });

/**
 * Reports settings for single answers on the call itself, or on its method alone, because they have no effect there.
 */
export function checkBare({ policy, batch }: Pick<IrCall, "policy" | "batch">, report: Report): void {
  const { timeout, retry, hedge, cache, limit } = policy;
  const settings: readonly (readonly [name: string, at: Origin | undefined, hint: string])[] = [
    ["timeout", timeout?.at, "leave it out: `idle` of the stream ends a silent source, and `max_age` ends any stream"],
    ["retry", retry?.at, "leave it out: a source with a `position` is opened again after a break"],
    ["hedge", hedge?.at, "leave it out: two streams would send every item twice"],
    ["cache", cache?.at, "leave it out: a stream has no answer to cache"],
    ["batch", batch?.at, "leave it out: each follower has a separate stream"],
    ["on_error", policy.onError[0]?.at, "leave it out: followers receive the failure of the stream"],
    ["limit.concurrent", limit?.concurrent?.at, "write `streams`: streams do not count as calls"],
    ["limit.queued", limit?.queued?.at, "leave it out: streams do not wait in a queue"],
    ["limit.adaptive", limit?.adaptive?.at, "leave it out: the duration of a stream is no sign of load"],
  ];
  for (const [name, at, hint] of settings)
    if (at !== undefined)
      fault(report, "BFF626", at, { message: `\`${name}\` has no effect on a call that is followed`, hint });
}

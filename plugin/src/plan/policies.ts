// Merged policies with the defaults filled in (runtime.md).
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code } from "../gen/bff/v1/options_pb.ts";
import type { IrUpstream } from "../ir.ts";
import type { Sourced } from "../origin.ts";
import { nearest } from "../resolve/entries.ts";
import type { Call } from "../resolve/model.ts";
import type { Leaf, PlanBreaker, PlanCallPolicy, PlanUpstream } from "./plan.ts";

const leaf = <T>(said: Sourced<T> | undefined, standard: T): Leaf<T> => ({
  value: said?.value ?? standard,
  at: said?.at,
});

export function planUpstream(name: string, service: DescService, entries: readonly IrUpstream[]): PlanUpstream {
  const own = [
    ...entries.filter((entry) => entry.method === undefined && entry.service?.value === service.typeName),
    ...entries.filter((entry) => entry.method === undefined && entry.service === undefined),
  ];
  const policies = own.map((entry) => entry.policy);
  return {
    name,
    service,
    breaker: breaker(own),
    limit: {
      concurrent: leaf(
        nearest(policies, (policy) => policy.limit?.concurrent),
        100,
      ),
      queued: leaf(
        nearest(policies, (policy) => policy.limit?.queued),
        1_000,
      ),
    },
  };
}

function breaker(entries: readonly IrUpstream[]): PlanBreaker | undefined {
  const said = <T>(get: (entry: IrUpstream) => T | undefined): T | undefined => {
    for (const entry of entries) {
      const value = get(entry);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  if (said((entry) => entry.breaker?.off)?.value === true) return undefined;
  return {
    errorRate: leaf(
      said((entry) => entry.breaker?.errorRate),
      0.5,
    ),
    windowMs: leaf(
      said((entry) => entry.breaker?.window),
      10_000,
    ),
    minimum: leaf(
      said((entry) => entry.breaker?.minimum),
      20,
    ),
    openMs: leaf(
      said((entry) => entry.breaker?.openFor),
      5_000,
    ),
    probes: leaf(
      said((entry) => entry.breaker?.probes),
      1,
    ),
  };
}

export function planCallPolicy({ policy, effects }: Pick<Call, "policy" | "effects">): PlanCallPolicy {
  const { retry, timeout, forward, limit } = policy;
  const attempts = leaf(retry.attempts, 3);
  const [first] = forward;
  const [firstOn] = retry.on ?? [];
  return {
    timeoutMs: timeout && { value: timeout.value, at: timeout.at },
    retry:
      effects === "once" || attempts.value <= 1
        ? undefined
        : {
            attempts,
            on: { value: retry.on?.map((code) => code.value) ?? [Code.UNAVAILABLE], at: firstOn?.at },
            initialMs: leaf(retry.initial, 20),
            maxMs: leaf(retry.max, 200),
            multiplier: leaf(retry.multiplier, 2),
            when: retry.if,
          },
    forward: first && { value: forward.map((name) => name.value), at: first.at },
    limit,
  };
}

/** Equal for calls that can share an entry of the app object. */
export function policyKey(policy: PlanCallPolicy): string {
  const { timeoutMs, retry, forward, limit } = policy;
  return JSON.stringify([
    timeoutMs?.value,
    retry && [
      retry.attempts.value,
      retry.on.value,
      retry.initialMs.value,
      retry.maxMs.value,
      retry.multiplier.value,
      retry.when?.text.value,
    ],
    forward?.value,
    limit?.concurrent?.value,
    limit?.queued?.value,
  ]);
}

export const fullName = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;

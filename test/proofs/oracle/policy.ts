// The policy of a call as language.md merges it, as far as it decides how a failing call ends.

import type { IrCall } from "../../../plugin/src/ir/step.ts";
import type { Place, Program } from "./static.ts";

const UNAVAILABLE = 14;
const IDEMPOTENT = 2;

export interface Policy {
  /** In total. */
  readonly attempts: number;
  /** Codes that are tried again. */
  readonly on: readonly number[];
  /** CEL on `error`, in addition. */
  readonly retryIf: string | undefined;
  /** Extra attempts beside the first. */
  readonly hedges: number;
  /** The breaker that decides: the service's, the method's own, or none. */
  readonly breaker: "service" | "method" | "off";
  /** An old answer may be served while it cannot be renewed: when its time is over, and for how long; in milliseconds. */
  readonly cache: { readonly ttl: number; readonly stale: number } | undefined;
}

/** Leaf by leaf, nearest wins: the call's, then entries for its method, its service and all upstreams, then the defaults. */
export function policyOf(program: Program, place: Place, call: IrCall): Policy {
  const method = program.method(place, call);
  const entries = program.entries(place, method);
  const layers = [call.policy, ...entries.map((entry) => entry.policy)];
  const nearest = <T>(leaf: (layer: (typeof layers)[number]) => T | undefined): T | undefined => {
    for (const layer of layers) {
      const found = leaf(layer);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const vouched = nearest((layer) => layer.idempotent?.value) === true || method.idempotency === IDEMPOTENT;
  const again = vouched || !program.hasEffect(place, call);
  const hedged = layers.some((layer) => layer.hedge !== undefined);
  const on = nearest((layer) =>
    layer.retry === undefined || layer.retry.on.length === 0 ? undefined : layer.retry.on,
  );
  const breakers = entries.filter((entry) => entry.breaker !== undefined);
  const off = breakers.find((entry) => entry.breaker?.off !== undefined)?.breaker?.off?.value === true;
  const hasMethodBreaker = breakers.some((entry) => entry.method !== undefined);
  const ttl = nearest((layer) => layer.cache?.ttl?.value) ?? 0;
  const stale = nearest((layer) => layer.cache?.stale?.value) ?? 0;
  return {
    cache: ttl > 0 && stale > ttl ? { ttl, stale } : undefined,
    attempts: again ? (nearest((layer) => layer.retry?.attempts?.value) ?? 3) : 1,
    on: on?.map((code) => code.value) ?? [UNAVAILABLE],
    retryIf: nearest((layer) => layer.retry?.if?.value),
    hedges: again && hedged ? (nearest((layer) => layer.hedge?.max?.value) ?? 1) : 0,
    breaker: off ? "off" : hasMethodBreaker ? "method" : "service",
  };
}

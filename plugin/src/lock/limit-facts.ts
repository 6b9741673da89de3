import type { LimitUse } from "../resolve/model/model.ts";
import { type VariableNumber, variableNumbers } from "../text/variable-numbers.ts";

/** A limit, as the lock records it: names are those of the JSON, expressions are as written. */
export interface LimitFacts {
  /** Limits of one name in a package are one counter. */
  readonly name: string;
  readonly rate: number;
  /** Either: a duration, or a unit of the calendar in UTC. */
  readonly per_ms?: number;
  readonly per?: "day" | "month";
  readonly burst: number;
  readonly key: string;
  readonly if?: string;
  readonly cost?: string;
  readonly settle?: string;
  /** True if the limit is charged before credentials are checked. */
  readonly early?: true;
  /**
   * True if the limit does not apply to unauthenticated callers: the rpc answers them, and the limit reads the
   * principal.
   */
  readonly spares_unknown?: true;
  readonly local?: true;
  readonly closed?: true;
  readonly dry_run?: true;
  readonly lease?: number;
  /** The numbers that variables have. `rate`, `per_ms` and `burst` are then the largest. */
  readonly variables?: { readonly [number: string]: VariableNumber };
}

export function limitFacts({ ir, key, if: condition, cost, settle, early, spares }: LimitUse): LimitFacts {
  const per = ir.per.value;
  return {
    name: ir.name.value,
    rate: ir.rate.value,
    ...(typeof per === "string" ? { per } : { per_ms: per }),
    burst: (ir.burst ?? ir.rate).value,
    key: key.text.value,
    ...(condition !== undefined && { if: condition.text.value }),
    ...(cost !== undefined && { cost: cost.text.value }),
    ...(settle !== undefined && { settle: settle.text.value }),
    ...(early && { early: true as const }),
    ...(spares && { spares_unknown: true as const }),
    ...(ir.local && { local: true as const }),
    ...(ir.closed && { closed: true as const }),
    ...(ir.dryRun && { dry_run: true as const }),
    ...(ir.lease !== undefined && { lease: ir.lease.value }),
    ...variableNumbers({
      rate: ir.rate,
      per_ms: typeof per === "string" ? undefined : { value: per, env: ir.per.env },
      burst: ir.burst,
    }),
  };
}

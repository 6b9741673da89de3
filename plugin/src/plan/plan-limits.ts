import type { CalendarUnit } from "../ir-edge.ts";
import type { Origin } from "../origin.ts";
import type { BffFile, Limits, LimitUse } from "../resolve/model/model.ts";
import { NameScope } from "./names.ts";

/** A counter: what limits of one name in a package have in common. */
export interface PlanRateLimit {
  /** `USER_LIMIT` */
  readonly constant: string;
  readonly name: string;
  readonly package: string;
  readonly rate: number;
  /** In milliseconds; or a unit of the calendar. */
  readonly per: number | CalendarUnit;
  readonly burst: number;
  readonly local: boolean;
  readonly closed: boolean;
  readonly at: Origin;
}
/** The limits of an rpc. */
export interface PlanLimits {
  /** Before credentials are judged. */
  readonly early: readonly PlanLimitUse[];
  /** Once the message has been read. */
  readonly late: readonly PlanLimitUse[];
  /** Names that stand for functions around, which no local name may hide. */
  readonly functions: NameScope;
}
export interface PlanLimitUse {
  readonly use: LimitUse;
  readonly limit: PlanRateLimit;
}

/** Whether an rpc has limits that are charged behind its permit's conditions. */
export const isLimitedLate = (limits: Limits | undefined): boolean => limits?.uses.some(({ early }) => !early) ?? false;

/** The counters of a file's services, in the order of their first use. */
export function rateLimitsOf({ services }: BffFile): readonly PlanRateLimit[] {
  const found = new Map<string, PlanRateLimit>();
  const scope = new NameScope();
  for (const { ir, package: of } of services.flatMap(({ methods }) => methods).flatMap(usesOf)) {
    const name = ir.name.value;
    if (found.has(name)) continue;
    found.set(name, {
      constant: scope.take(`${name.replaceAll("-", "_").toUpperCase()}_LIMIT`),
      name,
      package: of,
      rate: ir.rate.value,
      per: ir.per.value,
      burst: (ir.burst ?? ir.rate).value,
      local: ir.local,
      closed: ir.closed,
      at: ir.at,
    });
  }
  return [...found.values()];
}

const usesOf = ({ limits }: { readonly limits: Limits | undefined }): readonly LimitUse[] => limits?.uses ?? [];

/** @param counters of the file */
export function planLimits(
  limits: Limits | undefined,
  counters: readonly PlanRateLimit[],
  functions: NameScope,
): PlanLimits | undefined {
  if (limits === undefined) return undefined;
  const uses = limits.uses.flatMap((use) => {
    const limit = counters.find(({ name }) => name === use.ir.name.value);
    return limit === undefined ? [] : [{ use, limit }];
  });
  return {
    early: uses.filter(({ use }) => use.early),
    late: uses.filter(({ use }) => !use.early),
    functions,
  };
}

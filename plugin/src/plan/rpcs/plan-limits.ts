import type { BffFile, Limits, LimitUse } from "../../resolve/model/model.ts";
import type { PlanLimits, PlanRateLimit } from "../model/limits.ts";
import type { PlanServer } from "../model/plan.ts";
import { NameScope } from "../names/name-scope.ts";

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
      rate: ir.rate,
      per: typeof ir.per.value === "string" ? ir.per.value : { value: ir.per.value, env: ir.per.env },
      burst: ir.burst ?? ir.rate,
      local: ir.local,
      closed: ir.closed,
      dryRun: ir.dryRun,
      lease: ir.lease?.value,
      at: ir.at,
    });
  }
  return [...found.values()];
}

/** Returns the subjects of a server's usage events, each once; undefined: a package without one. */
export function usageSubjects({ files }: Pick<PlanServer, "files">): readonly (string | undefined)[] {
  const methods = files.flatMap(({ services }) => services.flatMap((service) => service.methods));
  return [...new Set(methods.flatMap(({ limits }) => (limits?.usage ? [limits.usage.ir.subject?.value] : [])))];
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
    usage: limits.usage,
    functions,
  };
}

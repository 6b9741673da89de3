import type { PlanUpstream } from "../../plan/model/calls.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import type { Worst } from "./describe-worst.ts";

/** Distribution of an upstream's calls over its addresses; names are the names in the JSON. */
export interface BalanceReport {
  readonly upstream: string;
  readonly eject_after: number;
  readonly eject_ms: number;
  /** 0: nothing is ejected. */
  readonly max_ejected: number;
  readonly refresh_ms: number;
  readonly connections: number;
  /** Present only if it is set. */
  readonly subset?: number;
}

/** Returns the reports of the upstreams that an rpc calls, if they declare a balance. */
export function balanceOf({ upstreams }: PlanFile, { calls }: Pick<Worst, "calls">): readonly BalanceReport[] {
  const called = new Set(calls.map(({ method }) => method.slice(0, method.lastIndexOf("/"))));
  return upstreams.filter(({ service }) => called.has(service.typeName)).flatMap(reportOf);
}

function reportOf({ service, balance }: PlanUpstream): readonly BalanceReport[] {
  if (balance === undefined) return [];
  return [
    {
      upstream: service.typeName,
      eject_after: balance.ejectAfter.value,
      eject_ms: balance.ejectMs.value,
      max_ejected: balance.maxEjected.value,
      refresh_ms: balance.refreshMs.value,
      connections: balance.connections.value,
      ...(balance.subset && { subset: balance.subset.value }),
    },
  ];
}

/** `  up.v1.ItemService balanced: ejected after 3 failures in a row for 10 s, 50 % of its addresses at most, …` */
export function balanceLines(reports: readonly BalanceReport[], time: (ms: number) => string): string[] {
  return reports.map(({ upstream, eject_after: after, eject_ms: ms, max_ejected: most, ...rest }) => {
    const failures = after === 1 ? "1 failure" : `${after} failures in a row`;
    const ejected =
      most === 0
        ? "nothing ejected"
        : `ejected after ${failures} for ${time(ms)}, ${Number((most * 100).toPrecision(12))} % of its addresses at most`;
    const each = rest.connections === 1 ? "1 connection each" : `${rest.connections} connections each`;
    const subset = rest.subset === undefined ? "" : `; ${rest.subset} addresses of a process`;
    return `  ${upstream} balanced: ${ejected}; resolved every ${time(rest.refresh_ms)}; ${each}${subset}`;
  });
}

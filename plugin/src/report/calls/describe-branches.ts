import type { PlanBranch } from "../../plan/model/calls.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import type { Worst } from "./describe-worst.ts";

/** Alternative destinations of an rpc's calls, in the order in which branches are tried. */
export interface BranchReport {
  readonly upstream: string;
  readonly name: string;
  readonly if?: string;
  readonly share?: number;
  readonly by?: string;
}

/** Returns the branches of the upstreams that an rpc calls. */
export function branchesOf({ upstreams }: PlanFile, { calls }: Pick<Worst, "calls">): readonly BranchReport[] {
  const called = new Set(calls.map(({ method }) => method.slice(0, method.lastIndexOf("/"))));
  return upstreams
    .filter(({ service }) => called.has(service.typeName))
    .flatMap(({ service, branches }) => branches.map((branch) => reportOf(service.typeName, branch)));
}

function reportOf(upstream: string, { name, if: condition, share, by }: PlanBranch): BranchReport {
  return {
    upstream,
    name,
    ...(condition !== undefined && { if: condition.text.value }),
    ...(share !== undefined && { share }),
    ...(by !== undefined && { by: by.text.value }),
  };
}

/** `  up.v1.ItemService on branch canary: 5 % by principal.tenant, if …` */
export function branchLines(branches: readonly BranchReport[]): string[] {
  return branches.map(({ upstream, name, if: condition, share, by }) => {
    const part =
      share === undefined
        ? []
        : [`${Number((share * 100).toPrecision(12))} % ${by === undefined ? "at random" : `by ${by}`}`];
    const only = condition === undefined ? [] : [`if ${condition}`];
    return `  ${upstream} on branch ${name}: ${[...part, ...only].join(", ")}`;
  });
}

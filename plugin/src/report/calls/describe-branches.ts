import { fullName } from "../../model/full-name.ts";
import type { PlanBranch, PlanUpstream } from "../../plan/model/calls.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import type { Worst } from "./describe-worst.ts";

/** Alternative destinations of an rpc's calls, in the order in which branches are tried. */
export interface BranchReport {
  readonly upstream: string;
  readonly name: string;
  readonly if?: string;
  readonly share?: number;
  readonly by?: string;
  readonly protocol?: string;
  /** Present only if the branch is a mirror. */
  readonly mirror?: MirrorReport;
}

/** Copies of an rpc's calls at a mirror. */
interface MirrorReport {
  readonly compare: boolean;
  /** Full names of fields that are not compared. */
  readonly ignore?: readonly string[];
  /** Called methods that are copied, `package.Service/Method`, and those that are not. */
  readonly copied: readonly string[];
  readonly not_copied: readonly string[];
}

/** Returns the branches of the upstreams that an rpc calls. */
export function branchesOf(file: PlanFile, { calls }: Pick<Worst, "calls">): readonly BranchReport[] {
  const called = [...new Set(calls.map(({ method }) => method))];
  return file.upstreams.flatMap(({ service, branches }) => {
    const methods = called.filter((method) => method.startsWith(`${service.typeName}/`));
    return methods.length === 0 ? [] : branches.map((branch) => reportOf({ service, branch, methods }, file));
  });
}

interface Called extends Pick<PlanUpstream, "service"> {
  readonly branch: PlanBranch;
  readonly methods: readonly string[];
}

function reportOf({ service, branch, methods }: Called, file: PlanFile): BranchReport {
  const { name, if: condition, share, by, protocol, mirror } = branch;
  return {
    upstream: service.typeName,
    name,
    ...(condition !== undefined && { if: condition.text.value }),
    ...(share !== undefined && { share }),
    ...(by !== undefined && { by: by.text.value }),
    ...(protocol !== undefined && { protocol: protocol.value }),
    ...(mirror !== undefined && { mirror: mirrorReport(branch, methods, file) }),
  };
}

function mirrorReport(
  { mirror, ignore }: PlanBranch,
  methods: readonly string[],
  { compared }: PlanFile,
): MirrorReport {
  const copied = new Set([...compared.keys()].map(fullName));
  return {
    compare: mirror === "compare",
    ...(ignore.length > 0 && { ignore: ignore.map(({ name }) => name.value) }),
    copied: methods.filter((method) => copied.has(method)),
    not_copied: methods.filter((method) => !copied.has(method)),
  };
}

/** `  up.v1.ItemService on branch canary: 5 % by principal.tenant, if …` */
export function branchLines(branches: readonly BranchReport[]): string[] {
  return branches.flatMap((branch) => {
    const { upstream, name, if: condition, share, by, protocol, mirror } = branch;
    const part =
      share === undefined
        ? []
        : [`${Number((share * 100).toPrecision(12))} % ${by === undefined ? "at random" : `by ${by}`}`];
    const only = condition === undefined ? [] : [`if ${condition}`];
    const over = protocol === undefined ? [] : [`over ${protocol}`];
    if (mirror === undefined) return [`  ${upstream} on branch ${name}: ${[...part, ...only, ...over].join(", ")}`];
    const all = share === undefined && condition === undefined ? ["all requests"] : [];
    const how = mirror.compare ? [`compared${without(mirror)}`] : ["not compared"];
    return [
      `  ${upstream} mirrored to ${name}: ${[...all, ...part, ...only, ...over, ...how].join(", ")}`,
      ...methodLine("copied", mirror.copied),
      ...methodLine("not copied", mirror.not_copied),
    ];
  });
}

const without = ({ ignore = [] }: MirrorReport): string =>
  ignore.length === 0 ? "" : ` without ${ignore.join(" and ")}`;

function methodLine(what: string, methods: readonly string[]): readonly string[] {
  const names = methods.map((method) => method.slice(method.lastIndexOf("/") + 1));
  return names.length === 0 ? [] : [`    ${what}: ${names.join(", ")}`];
}

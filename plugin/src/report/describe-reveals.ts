import type { PlanFile } from "../plan/model/plan.ts";

/** Places at which sensitive values may leave the BFF. */
export interface RevealsReport {
  /** Each place with its reason, in order of declaration; present only if there are some. */
  readonly reveals?: readonly { readonly place: string; readonly reason: string }[];
}

export function revealsReport({ reveals }: Pick<PlanFile, "reveals">): RevealsReport {
  if (reveals.length === 0) return {};
  return { reveals: reveals.map(({ place, reason }) => ({ place, reason: reason.value })) };
}

/** Returns a block of lines, which a security review reads first; none if no sensitive value may leave. */
export function revealBlock(file: PlanFile): string[] {
  const lines = (revealsReport(file).reveals ?? []).map(({ place, reason }) => `  ${place}: ${reason}`);
  return lines.length === 0 ? [] : [["sensitive values", ...lines].join("\n")];
}

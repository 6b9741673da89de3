// Steps of nested macros, in the plan.
import type { PlanFile } from "../plan/model/plan.ts";

/** Largest number of steps of one expression for one request. */
interface CostReport {
  readonly expression: string;
  readonly steps: number;
  /** Steps with lists of upstreams counted as one item. */
  readonly steps_of_request: number;
}
/** Present only if nested macros take more than 10,000 steps. */
export interface CostsOfFile {
  readonly expressions?: readonly CostReport[];
}

export const costsReport = ({ costs }: PlanFile): CostsOfFile =>
  costs.length === 0
    ? {}
    : {
        expressions: costs.map(([{ text }, { all, client }]) => ({
          expression: text.value,
          steps: all,
          steps_of_request: client,
        })),
      };

/** Returns the block of expressions with nested macros. */
export function costBlock(file: PlanFile): string[] {
  const rows = (costsReport(file).expressions ?? []).map(
    ({ expression, steps, steps_of_request }) =>
      `  ${shown(steps)} (${shown(steps_of_request)} without lists of upstreams): ${expression}`,
  );
  return rows.length === 0 ? [] : [["steps of nested macros for one request, at most", ...rows].join("\n")];
}

const shown = (steps: number): string => steps.toLocaleString("en-US");

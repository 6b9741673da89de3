// The order in which the steps of a block start: behind guards, in the case that owns them, and after what they read.
import { sortByDependency } from "../../graph/graph.ts";
import { restingOn } from "../../resolve/model/blocks.ts";
import type { caseOnly } from "../../resolve/model/case-only.ts";
import type { Block, Composed, Step } from "../../resolve/model/model.ts";
import type { PlanStep } from "../model/messages.ts";

export type Owners = ReturnType<typeof caseOnly>;

/** Returns the steps that each case of a switch starts. The default is the last. */
export function lazyOf(
  step: Step,
  sorted: readonly Step[],
  owners: Owners,
  planned: (step: Step) => PlanStep,
): PlanStep[][] {
  if (step.source.kind !== "switch") return [];
  const lazy: PlanStep[][] = Array.from({ length: step.source.cases.length + 1 }, () => []);
  for (const candidate of sorted) {
    const owner = owners.get(candidate);
    if (owner?.switch === step) lazy[owner.index]?.push(planned(candidate));
  }
  return lazy;
}

export const guardsOf = (composed: Pick<Composed, "steps">): Step[] =>
  composed.steps.filter((step) => step.source.kind === "guard");

/**
 * Returns all guards that wait, and all critical steps. Excludes steps that depend on `step`. If `step` is unordered,
 * also excludes the other unordered side effects and their dependents.
 */
export function clearedBy(step: Step, composed: Block, owners: Owners, planned: (step: Step) => PlanStep): PlanStep[] {
  const others = composed.steps.filter((other) => step.unordered && other.unordered && planned(other).effectful);
  const free = [step, ...others].flatMap((freeStep) => [freeStep, owners.get(freeStep)?.switch ?? freeStep]);
  const resting = new Set(free.flatMap((freeStep) => [freeStep, ...restingOn(freeStep, composed.steps)]));
  return composed.steps
    .filter((other) => {
      const draft = planned(other);
      if (resting.has(other) || owners.has(other) || draft.demand !== undefined) return false;
      if (other.source.kind === "guard") return !draft.immediate;
      return !other.supplementary && !draft.sync;
    })
    .map(planned);
}

/**
 * Orders immediate guards and the steps that they read first, then the rest by declaration. Each step follows the steps
 * that it reads or that clear it.
 */
export function arrange(
  composed: Block,
  sorted: readonly Step[],
  owners: Owners,
  planned: (step: Step) => PlanStep,
): PlanStep[] {
  const outside = new Set(sorted.filter((step) => !owners.has(step)));
  const first = composed.steps.filter((step) => planned(step).immediate);
  const rest = composed.steps.filter((step) => !planned(step).immediate && !owners.has(step));
  const needs = (step: Step): Step[] => {
    const lazy = planned(step).lazy.flat();
    const group = [step, ...lazy.map((draft) => draft.step)];
    return group
      .flatMap((at) => {
        const { clearedBy: clears, demand } = planned(at);
        return [...at.reads, ...at.after, ...[...clears, ...(demand?.waitsFor ?? [])].map((draft) => draft.step)];
      })
      .filter((at) => outside.has(at));
  };
  const { order } = sortByDependency([...first, ...rest], needs);
  return order.map(planned);
}

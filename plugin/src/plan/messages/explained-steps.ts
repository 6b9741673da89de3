// Steps whose failure an expression reads. The emitted code records failures of these steps only.
import type { Expression, Variable } from "../../cel/index.ts";
import { reachable } from "../../graph/graph.ts";
import { blocksOf, expressionsIn, sourceExpressions, stepsBehind } from "../../resolve/model/blocks.ts";
import type { Model, Step } from "../../resolve/model/model.ts";

/** Returns the steps whose failure an expression reads, and the steps whose absence can leave those steps out. */
export function explainedSteps(model: Model): ReadonlySet<Step> {
  const failureSteps: Step[] = [];
  const behind = new Map<Variable, readonly Step[]>();
  for (const block of blocksOf(model)) {
    for (const [variable, steps] of stepsBehind(block)) behind.set(variable, steps);
    for (const { variable, kind } of expressionsIn(block).flatMap(({ reads }) => reads))
      if (kind === "failure") failureSteps.push(...(behind.get(variable) ?? []));
  }
  const missing = (step: Step): Step[] =>
    needsOf(step).flatMap((expression) => expression?.unsafe.flatMap((variable) => behind.get(variable) ?? []) ?? []);
  return new Set(reachable(failureSteps, missing));
}

/** Returns the expressions whose values a step needs to run. */
function needsOf({ if: condition, source }: Step): readonly (Expression | undefined)[] {
  if (source.kind === "each") return [condition, source.in];
  const decides = source.kind === "by" || source.kind === "call" || source.kind === "switch";
  return [condition, ...(decides ? sourceExpressions(source) : [])];
}

import type { Expression } from "../cel/index.ts";
import type { PlanStep } from "../plan/plan.ts";
import type { Line, Lines } from "./lines.ts";
import type { StepContext } from "./step-context.ts";

/** Where code stands: which values have been awaited there already. */
export class Place {
  readonly #awaited: Set<PlanStep>;
  constructor(outer?: Place) {
    this.#awaited = new Set(outer?.awaited);
  }
  get awaited(): Iterable<PlanStep> {
    return this.#awaited;
  }
  /** `const a = await aStep;` for each that is not there yet. */
  await(steps: Iterable<PlanStep>): Lines {
    const fresh = [...steps].filter((step) => !step.sync && !this.#awaited.has(step));
    for (const step of fresh) this.#awaited.add(step);
    return fresh.map((step) => [`const ${step.name} = await ${step.name}Step;`]);
  }
}

/** The steps behind an expression's reads. */
export function readsOf(cx: StepContext, expressions: readonly (Expression | undefined)[]): PlanStep[] {
  const found = new Set<PlanStep>();
  for (const expression of expressions) {
    for (const { variable } of expression?.reads ?? []) {
      const read = cx.names.step(variable);
      if (read !== undefined && !read.sync) found.add(read);
    }
  }
  return [...found].sort((a, b) => a.step.index - b.step.index);
}

/** Waits for what expressions read, and ends the step where an unsafe read finds nothing. */
export function needs(cx: StepContext, place: Place, expressions: readonly (Expression | undefined)[]): Lines {
  const unsafe = new Set(expressions.flatMap((expression) => expression?.unsafe ?? []));
  const checks = [...unsafe].map(
    (variable): Line => ["if (", cx.names.variable(variable), " === undefined) return undefined;"],
  );
  return [...place.await(readsOf(cx, expressions)), ...checks];
}

/** `await cx.ended(…)` for the steps that `after` names. */
export function awaitAfter(step: PlanStep, { names }: StepContext): Lines {
  const steps = step.step.after.flatMap(({ variable }) => (variable === undefined ? [] : (names.step(variable) ?? [])));
  const started = steps.filter((other) => !other.sync);
  return started.length === 0 ? [] : [[`await cx.ended(${started.map((other) => `${other.name}Step`).join(", ")});`]];
}

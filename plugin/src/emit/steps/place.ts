import type { Expression, Read } from "../../cel/index.ts";
import type { PlanStep } from "../../plan/model/messages.ts";
import { type Line, type Lines, mentions } from "../text/lines.ts";
import { absentTest } from "../values/absence.ts";
import type { StepContext } from "./step-context.ts";

/** A place in the code, with the values that are already awaited there. */
export class CodePlace {
  readonly #awaited: Set<PlanStep>;
  constructor(outer?: CodePlace) {
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
  /** Awaits the reads of expressions, and other steps. A step whose value is not read only has to have ended. */
  reads(cx: StepContext, expressions: readonly (Expression | undefined)[], others: readonly PlanStep[] = []): Lines {
    const reads = expressions.flatMap((expression) => expression?.reads ?? []);
    const values = stepsOf(cx, reads.filter(readsValue));
    for (const other of others) values.add(other);
    const all = [...stepsOf(cx, reads).union(values)].sort((a, b) => a.step.index - b.step.index);
    return all.flatMap((step): Lines => {
      if (values.has(step)) return this.await([step]);
      return this.#awaited.has(step) ? [] : [[`await ${step.name}Step;`]];
    });
  }
}

/**
 * Returns false for a read of a failure, or of the presence of a value that is never absent, which is printed as a
 * constant.
 */
const readsValue = ({ kind, variable }: Read): boolean => kind !== "failure" && (kind !== "ok" || variable.absent);

/** Prints `const a = await aStep;` if the lines after it read the value. */
export const awaitIn = (steps: readonly PlanStep[], after: Lines): Lines =>
  steps
    .filter((step) => !step.sync)
    .map((step) => [`${mentions(after, step.name) ? `const ${step.name} = ` : ""}await ${step.name}Step;`]);

/** Returns the steps that the reads refer to. */
function stepsOf({ names }: StepContext, reads: readonly Read[]): Set<PlanStep> {
  const found = new Set<PlanStep>();
  for (const { variable } of reads) {
    const read = names.step(variable);
    if (read !== undefined && !read.sync) found.add(read);
  }
  return found;
}

/** Waits for the reads of a step's expressions, and ends the step if an unsafe read finds no value. */
export function needs(
  step: PlanStep,
  cx: StepContext,
  place: CodePlace,
  expressions: readonly (Expression | undefined)[],
): Lines {
  return [...place.reads(cx, expressions), ...unlessThere(step, cx, expressions)];
}

/**
 * Prints `if (a === undefined) return undefined;`, or `return cx.without(mark, aStep);` if an expression reads the
 * reason.
 * @param first a statement before that
 */
export function unlessThere(
  step: PlanStep,
  { names }: StepContext,
  expressions: readonly (Expression | undefined)[],
  first = "",
): Lines {
  const end = (value: string): string => (first === "" ? `) return ${value};` : `) { ${first}return ${value}; }`);
  const unsafe = [...new Set(expressions.flatMap((expression) => expression?.unsafe ?? []))];
  const tests = unsafe.map((variable) => absentTest(variable, names));
  const failing = unsafe.flatMap((variable) => (variable.failure && names.step(variable)) ?? []);
  if (!step.explained || failing.length === 0) return tests.map((test) => ["if (", ...test, end("undefined")]);
  const all = tests.flatMap((test, i): Line => (i === 0 ? test : [" || ", ...test]));
  const steps = failing
    .sort((a, b) => a.step.index - b.step.index)
    .map(({ name }) => (unsafe.length === 1 ? `${name}Step` : `${name} === undefined && ${name}Step`));
  return [["if (", ...all, end(`cx.without(mark, ${steps.join(", ")})`)]];
}

/** `await cx.ended(…)` for the steps that `after` names. */
export function awaitAfter(step: PlanStep, { names }: StepContext): Lines {
  const steps = step.step.after.flatMap(({ variable }) => (variable === undefined ? [] : (names.step(variable) ?? [])));
  const started = steps.filter((other) => !other.sync);
  return started.length === 0 ? [] : [[`await cx.ended(${started.map((other) => `${other.name}Step`).join(", ")});`]];
}

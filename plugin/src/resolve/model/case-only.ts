// "A step that only one case reads runs only when that case is chosen": finds the case that owns each step.
import type { Expression, Variable } from "../../cel/index.ts";
import type { Block, Step } from "./model.ts";

interface Owner {
  readonly switch: Step;
  /** The case; the default is the last. */
  readonly index: number;
}

/**
 * Returns the steps that only one case of one switch reads, directly or through other such steps. Steps with a reader
 * outside of the switch are left out.
 */
export function caseOnly(
  composed: Block,
  sorted: readonly Step[],
  readOutside: ReadonlySet<Step>,
): ReadonlyMap<Step, Owner> {
  const owners = new Map<Step, Owner>();
  const readers = new Map<Step, (Owner | Step | "field")[]>();
  const add = (step: Step, reader: Owner | Step | "field"): void => {
    const known = readers.get(step);
    if (known === undefined) readers.set(step, [reader]);
    else known.push(reader);
  };
  const stepOf = new Map<Variable, Step>();
  for (const step of composed.steps) if (step.variable !== undefined) stepOf.set(step.variable, step);
  const addReads = (expression: Expression | undefined, reader: Owner | "field"): void => {
    for (const { variable } of expression?.reads ?? []) {
      const step = stepOf.get(variable);
      if (step !== undefined) add(step, reader);
    }
  };
  for (const step of readOutside) add(step, "field");
  for (const step of composed.steps) {
    if (step.ir.started) add(step, "field");
    for (const after of step.after) add(after, "field");
    if (step.source.kind !== "switch") {
      for (const read of step.reads) add(read, step);
      continue;
    }
    const { cases, default: standard } = step.source;
    for (const expression of [step.if, step.fallback?.expression, ...cases.map((branch) => branch.if)])
      addReads(expression, "field");
    for (const [index, branch] of [...cases.map(({ value }) => value), standard].entries())
      addReads(branch?.expression, { switch: step, index });
  }
  for (const target of composed.targets) {
    if (target.kind === "field") addReads(target.bound.expression, "field");
    else
      for (const member of target.members)
        for (const expression of [member.bound.expression, member.if]) addReads(expression, "field");
  }
  const ownerOf = (reader: Owner | Step | "field"): Owner | undefined => {
    if (reader === "field") return undefined;
    return "switch" in reader ? reader : owners.get(reader);
  };
  // Readers come before what they read here, so that their owners are known.
  for (const step of [...sorted].reverse()) {
    const all = (readers.get(step) ?? []).map(ownerOf);
    const [first] = all;
    if (first !== undefined && all.every((owner) => owner?.switch === first.switch && owner.index === first.index))
      owners.set(step, first);
  }
  return owners;
}

/** Returns the expressions that decide whether a case is chosen: its `if` and those before it. */
export function decidingIfs({ switch: { source }, index }: Owner): readonly Expression[] {
  return source.kind === "switch" ? source.cases.slice(0, index + 1).flatMap((branch) => branch.if ?? []) : [];
}

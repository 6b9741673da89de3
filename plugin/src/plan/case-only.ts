// "A step that only one case reads runs only when that case is chosen": who owns whom.
import type { Composed, Step } from "../resolve/model.ts";

export interface Owner {
  readonly switch: Step;
  /** The case; the default is the last. */
  readonly index: number;
}

/** Steps that only one case of one switch reads, directly or through other such steps. */
export function caseOnly(composed: Composed): ReadonlyMap<Step, Owner> {
  const owners = new Map<Step, Owner>();
  const readers = new Map<Step, (Owner | Step | "field")[]>();
  const add = (step: Step, reader: Owner | Step | "field"): void => {
    readers.set(step, [...(readers.get(step) ?? []), reader]);
  };
  const byVariable = new Map(
    composed.steps.flatMap((step) => (step.variable === undefined ? [] : [[step.variable, step] as const])),
  );
  const stepsIn = (reads: readonly { readonly variable: unknown }[] | undefined): Step[] =>
    (reads ?? []).flatMap(({ variable }) => byVariable.get(variable as never) ?? []);
  for (const step of composed.steps) {
    for (const after of step.after) add(after, "field");
    if (step.source.kind !== "switch") {
      for (const read of step.reads) add(read, step);
      continue;
    }
    const { cases, default: standard } = step.source;
    for (const expression of [step.if, step.fallback?.expression, ...cases.map((branch) => branch.if)]) {
      for (const read of stepsIn(expression?.reads)) add(read, "field");
    }
    for (const [index, branch] of [...cases.map(({ value }) => value), standard].entries()) {
      for (const read of stepsIn(branch?.expression.reads)) add(read, { switch: step, index });
    }
  }
  for (const target of composed.targets) {
    const bounds =
      target.kind === "field"
        ? [target.bound.expression]
        : target.members.flatMap((member) => [member.bound.expression, member.if]);
    for (const expression of bounds) for (const read of stepsIn(expression?.reads)) add(read, "field");
  }
  const settle = (step: Step, seen: ReadonlySet<Step>): Owner | undefined => {
    const known = owners.get(step);
    if (known !== undefined) return known;
    if (seen.has(step)) return undefined;
    let owner: Owner | undefined;
    for (const reader of readers.get(step) ?? ["field" as const]) {
      const at =
        reader === "field" ? undefined : "switch" in reader ? reader : settle(reader, new Set([...seen, step]));
      if (at === undefined || (owner !== undefined && (owner.switch !== at.switch || owner.index !== at.index)))
        return undefined;
      owner = at;
    }
    if (owner !== undefined) owners.set(step, owner);
    return owner;
  };
  for (const step of [...composed.steps].reverse()) settle(step, new Set());
  return owners;
}

// Deferred groups of fields in a response: fields that depend on the same deferred steps come together.
import type { DescField } from "@bufbuild/protobuf";
import type { Expression } from "../../cel/index.ts";
import { sortByDependency } from "../../graph/graph.ts";
import type { BoundExpression, Target } from "../../model/conversion.ts";
import { composesOf } from "./blocks.ts";
import type { Block, Composed, Step } from "./model.ts";

/**
 * Fields that wait for the same deferred steps. The members of a oneof belong together, because the choice depends on
 * all of them.
 */
interface Part {
  /** In order of declaration, with all steps that they depend on. */
  readonly steps: readonly Step[];
  /** Indexes of the part's targets in the message. */
  readonly targets: readonly number[];
}

/**
 * Returns the parts of a message in the order of their first fields, or none if no step is deferred. Each field is in
 * at most one part.
 */
export function partsOf(message: Pick<Block, "steps" | "targets">): readonly Part[] {
  if (!message.steps.some(({ deferred }) => deferred)) return [];
  const behind = deferredBehind(message);
  const parts = new Map<string, Part & { readonly targets: number[] }>();
  for (const [index, target] of message.targets.entries()) {
    const steps = behind(expressionsOf(target));
    if (steps.length === 0) continue;
    const key = steps.map((step) => step.index).join();
    const part = parts.get(key) ?? { steps, targets: [] };
    part.targets.push(index);
    parts.set(key, part);
  }
  return [...parts.values()];
}

/** Returns the fields of a part. Clients receive their proto names. */
export function fieldsOf({ targets }: Pick<Part, "targets">, message: Pick<Block, "targets">): readonly DescField[] {
  return targets.flatMap((index) => {
    const target = message.targets[index];
    if (target === undefined) return [];
    return target.kind === "field"
      ? [target.field]
      : target.members.flatMap(({ field, left }) => (left ? [] : [field]));
  });
}

/** Returns the deferred steps that expressions depend on, directly or through others, in order of declaration. */
export function deferredBehind({
  steps,
}: Pick<Block, "steps">): (expressions: readonly (Expression | undefined)[]) => readonly Step[] {
  const rests = new Map<Step, ReadonlySet<Step>>();
  for (const step of sortByDependency(steps, waitsFor).order) {
    const before = waitsFor(step).flatMap((other) => [...(rests.get(other) ?? [])]);
    rests.set(step, new Set([...before, ...(step.deferred ? [step] : [])]));
  }
  const stepOf = new Map(steps.map((step) => [step.variable, step]));
  return (expressions) => {
    const found = new Set<Step>();
    for (const { variable } of expressions.flatMap((expression) => expression?.reads ?? [])) {
      const step = stepOf.get(variable);
      for (const rest of (step && rests.get(step)) ?? []) found.add(rest);
    }
    return [...found].sort((a, b) => a.index - b.index);
  };
}
const waitsFor = ({ reads, after }: Step): readonly Step[] => [...reads, ...after];

export function expressionsOf(target: Target): readonly (Expression | undefined)[] {
  if (target.kind === "field") return [target.bound.expression];
  return target.members.flatMap((member) => [member.if, member.bound.expression]);
}

/** Returns the messages with parts, in themselves or in messages that they compose. */
export function messagesWithParts(messages: readonly Composed[]): ReadonlySet<string> {
  const found = new Set<string>();
  // From the inside: composers come before what they compose.
  for (const { desc, steps } of [...messages].reverse()) {
    const composes = steps.some(({ source }) => composesOf(source).some(({ message }) => found.has(message.typeName)));
    if (composes || steps.some(({ deferred }) => deferred)) found.add(desc.typeName);
  }
  return found;
}

/** Returns the fields of the surrounding message that hold a composed message unchanged. */
export function placesOf(step: Step, { targets }: Pick<Block, "targets">): readonly DescField[] {
  return targets.flatMap((target) =>
    (target.kind === "field" ? [target] : target.members).flatMap(({ field, bound }) =>
      isAsItIs(bound.expression, step) && isUnchanged(bound) ? [field] : [],
    ),
  );
}

/** Returns true if a value becomes a field without any conversion. */
export const isUnchanged = ({ conversion, copy }: BoundExpression): boolean =>
  conversion.kind === "same" && copy === undefined;

/** Returns true if an expression is a step's name and nothing else. */
export const isAsItIs = ({ path, text }: Expression, { name }: Step): boolean =>
  path && name !== undefined && text.value.trim() === name;

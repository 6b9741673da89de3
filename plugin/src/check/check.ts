import type { Expression } from "../cel/index.ts";
import type { Report } from "../diagnostic/diagnostic.ts";
import { blocksOf, callsOf, policyExpressions, sourceExpressions } from "../resolve/model/blocks.ts";
import type { Block, Model, Step } from "../resolve/model/model.ts";

/** A check of the resolved model, and the codes that only this check reports. */
export interface Check<Input = Model> {
  /** Code → the sentence of docs/diagnostics.md: a norm and its reason. The first digit of a code is its group. */
  readonly rules: Readonly<Record<`BFF${number}`, string>>;
  readonly run: (input: Input, report: Report) => void;
}

/** Every expression of a step. */
export function stepExpressions(step: Step): Expression[] {
  const all = [
    step.if,
    ...sourceExpressions(step.source),
    ...callsOf(step.source).flatMap((call) => policyExpressions(call.policy)),
    step.fallback?.expression,
  ];
  return all.filter((expression) => expression !== undefined);
}

/** Every expression of a message's fields. */
export function fieldExpressions(message: Block): Expression[] {
  const all = message.targets.flatMap((target) =>
    target.kind === "field"
      ? [target.bound.expression]
      : target.members.flatMap((member) => [member.bound.expression, member.if]),
  );
  return all.filter((expression) => expression !== undefined);
}

interface NamedExpressions {
  /** The field or step that they make. */
  readonly result: string;
  readonly of: readonly Expression[];
  /** Conditions of guards of the same message. */
  readonly before: readonly Expression[];
}

/** Every expression of fields and steps, with the name of its result. */
export function* namedExpressions(model: Model): Generator<NamedExpressions> {
  for (const block of blocksOf(model)) {
    const before = block.steps.flatMap(({ source }) => (source.kind === "guard" ? [source.if] : []));
    for (const target of block.targets) {
      const { name } = target.kind === "field" ? target.field : target.oneof;
      yield { result: `field "${name}"`, of: fieldExpressions({ ...block, targets: [target] }), before };
    }
    for (const step of block.steps) yield { result: nameOf(step), of: stepExpressions(step), before };
  }
}

/** Returns `step "item"`, or the place of a step without a name; for a resolver its message or field. */
export function nameOf(step: Step): string {
  if (step.source.kind === "resolver") {
    const { field, message } = step.source;
    return field === undefined ? `the resolver of "${message.name}"` : `the resolver of field "${field.name}"`;
  }
  return step.name === undefined ? `step ${step.index + 1}` : `step "${step.name}"`;
}

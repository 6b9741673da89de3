// Fields of composed messages that can be missing: a step behind them may have no value (language.md, "When a value is
// missing"). One analysis for expressions, required fields, effects, predictions and the plan.
import type { DescField } from "@bufbuild/protobuf";
import { type Expression, type Lack, undecidedBy, type Variable } from "../../../cel/index.ts";
import { type Copied, copiedIn, type MessageConversion } from "../../../model/conversion.ts";
import type { Block, Composed } from "../model.ts";
import { type Failable, type FailableFields, lackOf } from "./failable-fields.ts";

/**
 * Returns the fields of messages that can be missing, as far as these messages were resolved with earlier results. The
 * least fixpoint is the first result that equals the one before it.
 *
 * @param conversions to copies of composed messages
 */
export function failableFields(messages: Iterable<Composed>, conversions: Iterable<MessageConversion>): Failable {
  const found = new Map<string, Map<string, Lack>>();
  for (const message of messages) {
    const fields = fieldsOf(message);
    if (fields.size > 0) found.set(message.desc.typeName, fields);
  }
  // A copy may have copies.
  const copies = [...conversions].flatMap(copiesIn);
  for (let more = true; more; ) {
    more = false;
    for (const { from, to } of copies) {
      const lack = lackOf(found, from);
      if (lack === undefined || lackOf(found, to) !== undefined) continue;
      found.set(to.parent.typeName, new Map(found.get(to.parent.typeName)).set(to.name, lack));
      more = true;
    }
  }
  return found;
}

function fieldsOf(message: Composed): Map<string, Lack> {
  const fields = new Map<string, Lack>();
  const lack = lackIn(message);
  // Only fields that take them unchanged may read deferred values.
  const deferred = new Set(message.steps.flatMap((step) => (step.deferred ? [step.variable] : [])));
  for (const target of message.targets) {
    const members = target.kind === "field" ? [target] : target.members.filter(({ left }) => !left);
    for (const member of members) {
      const unsafe = [...member.bound.expression.unsafe, ...("if" in member ? undecidedBy(member.if) : [])];
      const isLate = unsafe.some((variable) => deferred.has(variable));
      const why = isLate ? undefined : lack({ unsafe });
      if (why !== undefined) fields.set(member.field.name, why);
    }
  }
  return fields;
}

/** Returns why the value of an expression of a block can be missing. */
export function lackIn(block: Block): (expression: Pick<Expression, "unsafe"> | undefined) => Lack | undefined {
  const byFailure = new Set<Variable>([
    ...[...block.shared, ...block.steps].flatMap((step) =>
      step.absentByFailure && step.variable !== undefined ? [step.variable] : [],
    ),
    ...block.args.members.flatMap((arg) => (arg.absentByFailure ? [arg.variable] : [])),
  ]);
  return (expression) => {
    if (expression === undefined || expression.unsafe.length === 0) return undefined;
    const failure = expression.unsafe.some((name) => name.missing?.lack === "failure" || byFailure.has(name));
    return failure ? "failure" : "absence";
  };
}

/** Returns the fields that a copy takes unchanged: they are missing with those that they copy. */
const copiesIn = ({ to, owner, targets }: MessageConversion): readonly Copied[] =>
  to === owner ? targets.flatMap(copiedIn) : [];

/** Returns true if fields that expressions have read can be missing, although they were resolved as if not. */
export function readsMore(read: ReadonlySet<DescField>, before: Failable, now: Failable): boolean {
  return [...read].some((field) => lackOf(before, field) !== lackOf(now, field));
}

/** Returns the fields of both results. A failure is the stronger reason. */
export function joined(before: Failable, now: Failable): Failable {
  const all = new Map(before);
  for (const [name, fields] of now) {
    const known = new Map(all.get(name));
    for (const [field, lack] of fields) if (known.get(field) !== "failure") known.set(field, lack);
    all.set(name, known);
  }
  return all;
}

/** Returns the fields that have to be marked when they are missing: those that are read, and those behind copies. */
export function markedFields(
  { fields, read }: FailableFields,
  conversions: Iterable<MessageConversion>,
): ReadonlySet<DescField> {
  const marked = new Set([...read].filter((field) => lackOf(fields, field) !== undefined));
  const copies = [...conversions].flatMap(copiesIn);
  // Each round reaches the copies of one more copy.
  for (let before = -1; marked.size > before; ) {
    before = marked.size;
    for (const { from, to } of copies) if (marked.has(to) && lackOf(fields, from) !== undefined) marked.add(from);
  }
  return marked;
}

// Flow between declarations: which steps, arguments, fields and copies receive sensitive values.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldType } from "../../cel/index.ts";
import type { BoundExpression, ConvertedTarget, FieldTarget, Target } from "../../model/conversion.ts";
import { type AnyBlock, blocksOf, messagesByName, rescueExpressions } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import { isFilled } from "../../resolve/model/degradation.ts";
import { first } from "../../resolve/model/first.ts";
import type { Composed, ComposeSource, Model, ResolverSource, Source, Step } from "../../resolve/model/model.ts";
import { fieldText, type Way } from "../../resolve/model/sensitive-types.ts";
import type { Taint } from "./taint.ts";

/** Follows sensitive values until no further value or field becomes sensitive. */
export function followTaint(model: Model, taint: Taint): void {
  for (let before = -1; before < taint.size; ) {
    before = taint.size;
    markPrincipals(model, taint);
    markRequests(model, taint);
    for (const block of blocksOf(model)) {
      for (const step of [...block.shared, ...block.steps]) markStep(model, taint, block, step);
      for (const { field, bound } of fieldsOf(block.targets))
        taint.markField(field, taint.of(bound.expression), fieldText(field));
      if (block.kind === "composed") markResolved(taint, block);
    }
    for (const { to, way } of copiedFields(model, taint)) taint.markField(to, way, fieldText(to));
  }
}

/** Fields of a principal that a source of the identity fills. */
function markPrincipals({ identities }: Model, taint: Taint): void {
  for (const { path, bound } of identities.flatMap(({ sources }) => sources.flatMap(({ set }) => set ?? []))) {
    const field = path.at(-1);
    if (field !== undefined) taint.markField(field, taint.of(bound.expression), fieldText(field));
  }
}

/** Arguments that are fields of a request. A message that several places compose receives them one by one. */
function markRequests({ files }: Model, taint: Taint): void {
  for (const { desc, composed } of files.flatMap(({ services }) => services.flatMap(({ methods }) => methods)))
    for (const { name, variable } of composed.args.members) {
      const field = desc.input.fields.find((candidate) => candidate.name === name);
      if (field !== undefined) taint.markValue(variable, taint.marks.get(field), `args.${name}`);
    }
}

function markStep(model: Model, taint: Taint, block: AnyBlock, step: Step): void {
  const way = wayOfSource(model, taint, block, step.source) ?? taint.of(step.fallback?.expression);
  const { source, name } = step;
  const place = source.kind === "resolver" ? resolverText(source) : name;
  taint.markValue(step.variable, way, source.kind === "shared" ? undefined : place);
}
const resolverText = ({ message, field }: ResolverSource): string =>
  `resolver of ${field === undefined ? message.typeName : fieldText(field)}`;

function wayOfSource(model: Model, taint: Taint, block: AnyBlock, source: Source): Way | undefined {
  switch (source.kind) {
    case "by":
      return taint.of(source.by);
    case "call":
      return wayOfCall(taint, source.call);
    case "compose":
      passArguments(model, taint, source);
      return undefined;
    case "each": {
      taint.markValue(source.item, taint.of(source.in));
      return wayOfSource(model, taint, block, source.source) ?? taint.of(source.key);
    }
    case "switch":
      return first([...source.cases.map(({ value }) => value), source.default], (value) => taint.of(value?.expression));
    case "shared":
      return first(source.of, ({ variable }) => variable && taint.value(variable));
    case "resolver":
      return wayOfResolver(taint, block, source);
    case "guard":
    case "latest":
      return undefined;
  }
}

/** Fields of the answer show what is sensitive in it. Keys of a batch, and values in place of an error, are further. */
function wayOfCall(taint: Taint, { batch, onError }: Call): Way | undefined {
  if (batch !== undefined) {
    taint.markValue(batch.wrap?.key, taint.of(batch.by.expression));
    taint.markValue(batch.keyBy?.item, taint.marks.get(batch.items));
  }
  const fallbacks = onError.flatMap(({ then }) => (then.kind === "fallback" ? rescueExpressions(then) : []));
  return (batch && taint.marks.get(batch.items)) ?? first(fallbacks, (fallback) => taint.of(fallback));
}

function passArguments({ messages }: Model, taint: Taint, { message, args }: ComposeSource): void {
  const members = messagesByName(messages).get(message.typeName)?.args.members ?? [];
  for (const { name, by } of args) {
    const member = members.find((candidate) => candidate.name === name);
    taint.markValue(member?.variable, taint.of(by), `args.${name} of ${message.typeName}`);
  }
}

/** A function of the user may return anything that it reads. Answers to its own calls are unknown. */
function wayOfResolver(taint: Taint, block: AnyBlock, source: ResolverSource): Way | undefined {
  if (block.kind !== "composed") return undefined;
  const step = block.steps.find((candidate) => candidate.source === source);
  const { message, members, variable } = block.args;
  const inputs = [
    ...(step?.reads.flatMap((read) => read.variable ?? []) ?? []),
    ...(message === undefined ? members.map((member) => member.variable) : [variable]),
  ];
  return first(inputs, (input) => taint.value(input) ?? taint.readable(input.type));
}

function markResolved(taint: Taint, composed: Composed): void {
  for (const { field, way } of resolvedFields(taint, composed)) taint.markField(field, way, fieldText(field));
}

/** Returns the fields of a message that a function of the user supplies as a whole. A bool reveals nothing. */
export function resolvedFields(
  taint: Taint,
  { resolver, desc }: Composed,
): readonly { readonly field: DescField; readonly way: Way }[] {
  const way = resolver?.variable && taint.value(resolver.variable);
  if (way === undefined) return [];
  return desc.fields
    .filter((field) => !isFilled(field) && fieldType(field).type.kind !== "bool")
    .map((field) => ({ field, way }));
}

/** Returns the fields of composed messages with their expressions. */
export function fieldsOf(targets: readonly Target[]): readonly Pick<FieldTarget, "field" | "bound">[] {
  return targets.flatMap((target): readonly Pick<FieldTarget, "field" | "bound">[] =>
    target.kind === "field" ? [target] : target.members.filter(({ left }) => !left),
  );
}

/** A field of a copy that a client receives, with the way of a sensitive value into it. */
interface CopiedField {
  readonly to: DescField;
  readonly from: DescField | undefined;
  readonly way: Way | undefined;
  readonly bound: BoundExpression | undefined;
}
/** Returns the fields of copies that clients receive, also of responses that are composed as another message. */
export function copiedFields({ conversions, files }: Model, taint: Taint): readonly CopiedField[] {
  const copied = (target: ConvertedTarget): readonly CopiedField[] => {
    switch (target.kind) {
      case "field":
        return [{ ...target, way: taint.marks.get(target.from), bound: undefined }];
      case "oneof":
        return target.members.map((member) => ({ ...member, way: taint.marks.get(member.from), bound: undefined }));
      case "computed":
        return [{ ...target, from: undefined, way: taint.of(target.bound.expression) }];
      case "message":
        return target.targets.flatMap(copied);
    }
  };
  const copies = conversions.messages.filter(({ to, owner }) => to === owner);
  const responses = files.flatMap(({ services }) =>
    services.flatMap(({ methods }) => methods.flatMap(({ response }) => response ?? [])),
  );
  return [...new Set([...copies, ...responses])].flatMap(({ targets }) => targets.flatMap(copied));
}

/** Returns a function that is true for messages of files for which code is generated. */
export function messagesOfBff({ ir }: Model): (desc: DescMessage) => boolean {
  const names = new Set(ir.files.flatMap(({ messages }) => messages.map(({ desc }) => desc.typeName)));
  return ({ typeName }) => names.has(typeName);
}

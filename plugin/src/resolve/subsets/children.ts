// Composed children of a subset. A step whose value only becomes fields that are subsets of what it composes composes
// that subset instead.

import { type Ast, partsOf } from "../../cel/syntax/ast.ts";
import { parseExpression } from "../../cel/syntax/parse.ts";
import type { Text } from "../../diagnostic/diagnostic.ts";
import type { IrField, IrMessage } from "../../ir/ir.ts";
import type { IrCompose, IrStep } from "../../ir/step.ts";
import { innerSource, stepTexts } from "../graph/message-graph.ts";
import type { Kept, Source } from "./kept-declarations.ts";

/** A subset that a step may compose. */
export interface Child {
  readonly name: string;
  /** The arguments that it reads. Undefined: any. */
  readonly reads: ReadonlySet<string> | undefined;
}

export interface CopiedMessage {
  readonly kept: Kept;
  /** The fields with the fields that they copy. */
  readonly pairs: ReadonlyMap<IrField, IrField>;
  readonly of: IrMessage;
  readonly source: Source;
}

export interface Children {
  /** Steps by the steps that they replace. */
  readonly steps: ReadonlyMap<IrStep, IrStep>;
  /** Fields that hold the composed subset as it is. */
  readonly direct: ReadonlySet<IrField>;
}

/** @param childOf returns the message of this name, if it is a subset of the message that a step composes */
export function childrenInPlace(
  around: CopiedMessage,
  childOf: (step: IrStep, name: string) => Child | undefined,
): Children {
  const steps = new Map<IrStep, IrStep>();
  const direct = new Set<IrField>();
  for (const step of around.kept.steps) {
    const fields = holdersOf(step, around);
    const [name, other] = [...new Set(fields?.map(({ desc }) => desc.message?.typeName ?? ""))];
    const child = name === undefined || other !== undefined ? undefined : childOf(step, name);
    if (fields === undefined || child === undefined) continue;
    steps.set(step, composing(step, child));
    for (const field of fields) direct.add(field);
  }
  return { steps, direct };
}

/** Returns the fields that hold what a step composes. Undefined if anything else reads it. */
function holdersOf(step: IrStep, { kept, pairs, of, source }: CopiedMessage): readonly IrField[] | undefined {
  const name = step.name?.value;
  const inner = innerSource(step.source);
  if (name === undefined || inner?.kind !== "compose" || step.fallback !== undefined || step.autobind?.value === true)
    return undefined;
  const valued = [...kept.members.values()].flat();
  const values = [
    ...[...pairs].flatMap(([field, { desc, by }]) => (desc.oneof === undefined ? [{ field, by }] : [])),
    ...valued.flatMap((member) => {
      const field = [...pairs].find(([, copied]) => copied === member.field)?.[0];
      return member.valued ? [{ field: member.kept ? field : undefined, by: member.field.by }] : [];
    }),
  ];
  const holders = values.filter(({ field, by }) => field !== undefined && by?.value.trim() === name);
  const others = [
    ...values.filter((value) => !holders.includes(value)).flatMap(({ by }) => by ?? []),
    ...valued.flatMap(({ field }) => field.if ?? []),
    ...kept.steps.flatMap(stepTexts).map(({ text }) => text),
  ];
  const resolved = of.fields.some(
    (field) =>
      field.resolver !== undefined &&
      [...pairs.values()].includes(field) &&
      field.reads?.steps.every(({ value }) => value !== name) !== true,
  );
  if (resolved || others.some((text) => source.names(text).has(name) && readsValue(text, name))) return undefined;
  return holders.flatMap(({ field }) => field ?? []);
}

/** Functions that read whether a step has a value, or how many, but not the value. */
const PRESENCE: ReadonlySet<string> = new Set(["ok", "failure", "size"]);

/** Returns true if an expression reads a step's value, and not only its presence. */
function readsValue(text: Text, name: string): boolean {
  const parsed = parseExpression(text.value);
  if ("faults" in parsed) return true;
  const reads = (ast: Ast): boolean => {
    if (ast.kind === "ident") return ast.name === name;
    const parts = partsOf(ast);
    const [only] = parts;
    if (ast.kind === "call" && PRESENCE.has(ast.fn) && parts.length === 1 && only?.kind === "ident") return false;
    return parts.some(reads);
  };
  return reads(parsed.ast);
}

function composing(step: IrStep, { name, reads }: Child): IrStep {
  const named = (compose: IrCompose): IrCompose => ({
    ...compose,
    message: compose.message && { ...compose.message, value: `.${name}` },
    args: compose.args.filter((bind) => bind.name === undefined || reads?.has(bind.name.value) !== false),
  });
  const { source } = step;
  if (source?.kind === "compose") return { ...step, source: named(source) };
  if (source?.kind === "each" && source.source?.kind === "compose")
    return { ...step, source: { ...source, source: named(source.source) } };
  return step;
}

// The fields of an upstream's answer that a BFF reads: what a FieldMask in its request names.
import type { DescField } from "@bufbuild/protobuf";
import { childrenOf, type Expression, type Node, type Variable } from "../../cel/index.ts";
import type { BoundExpression, Conversion, ConvertedTarget, MessageConversion } from "../../model/conversion.ts";
import { callsOf, composesOf, expressionsIn, messagesByName } from "./blocks.ts";
import type { Call } from "./call.ts";
import type { Block, Composed, Model, Step } from "./model.ts";

/** A part of the message that reads an answer: a field, or a step. */
export type Reader = { readonly field: string } | { readonly step: Step };

export interface PathRead {
  /** Proto names; the path ends at the first list or map. */
  readonly path: string;
  /** Undefined: a reader that always runs, such as one outside of the step's message. */
  readonly by: Reader | undefined;
}

/** The reads of one call's answer. */
export interface PathReads {
  readonly reads: readonly PathRead[];
  /** The expression that passes the whole answer on. */
  readonly whole: Expression | undefined;
  /** The function of the user that receives the whole answer. */
  readonly resolver?: Step | undefined;
}

/** Returns the reads of the calls that set a FieldMask by `fields`. */
export function maskReads(model: Model): ReadonlyMap<Call, PathReads> {
  const all = new Map<Call, PathReads>();
  for (const block of [...model.messages, ...model.lets, ...model.openings])
    for (const step of block.steps)
      for (const call of callsOf(step.source))
        if (call.masks.length > 0) all.set(call, readsOf(step, call, block, model));
  return all;
}

function readsOf(step: Step, call: Call, block: Block, model: Model): PathReads {
  const { variable } = step;
  // A batch reads items of a list, at which paths end.
  if (call.batch !== undefined) return { reads: [{ path: call.batch.items.name, by: undefined }], whole: undefined };
  if (variable === undefined) return { reads: [], whole: undefined };
  const reader = new AnswerReader(model);
  reader.block(block, variable, true);
  for (const other of block.steps)
    if (other.source.kind === "resolver" && other.reads.includes(step)) reader.resolver = other;
  for (const message of model.messages)
    for (const { source, variable: standIn } of message.shared)
      if (source.kind === "shared" && source.of.includes(step) && standIn !== undefined)
        reader.block(message, standIn, false);
  return reader;
}

/** Collects the paths by which expressions read one message. */
class AnswerReader implements PathReads {
  readonly reads: PathRead[] = [];
  whole: Expression | undefined;
  resolver: Step | undefined;
  readonly #model: Model;
  readonly #seen = new Set<Variable>();
  #copies = 0;

  constructor(model: Model) {
    this.#model = model;
  }
  /** @param named true if the block's own fields and steps are the readers */
  block(block: Block, variable: Variable, named: boolean, prefix: readonly DescField[] = []): void {
    if (this.#seen.has(variable)) return;
    this.#seen.add(variable);
    for (const target of block.targets)
      for (const { field, bound, if: condition } of target.kind === "field"
        ? [{ ...target, if: undefined }]
        : target.members) {
        const by = named ? { field: field.name } : undefined;
        if (condition !== undefined) this.#expression(condition, { variable, by, prefix });
        this.#bound(bound, { variable, by, prefix });
      }
    for (const step of block.steps) this.#step(step, { variable, by: named ? { step } : undefined, prefix });
  }
  #step(step: Step, at: At): void {
    const handedOn = new Set<Expression>();
    for (const { message, args } of composesOf(step.source)) {
      const child = messagesByName(this.#model.messages).get(message.typeName);
      for (const { name, by } of args) {
        const path = pathOf(by.root, at.variable);
        const argument = child?.args.members.find((member) => member.name === name);
        if (path === undefined || child === undefined || argument === undefined || endsAtList(path)) continue;
        handedOn.add(by);
        this.#below(child, argument.variable, { ...at, prefix: [...at.prefix, ...path] });
      }
    }
    for (const expression of expressionsIn({ steps: [step], targets: [] }))
      if (!handedOn.has(expression)) this.#expression(expression, at);
  }
  #below(child: Composed, variable: Variable, { by, prefix }: At): void {
    const inside = new AnswerReader(this.#model);
    inside.block(child, variable, false, prefix);
    this.reads.push(...inside.reads.map(({ path }) => ({ path, by })));
    this.whole ??= inside.whole;
  }
  #bound({ expression, conversion }: BoundExpression, at: At): void {
    const path = pathOf(expression.root, at.variable);
    const via = path === undefined || endsAtList(path) ? undefined : messageOf(conversion);
    if (path === undefined || via === undefined) this.#expression(expression, at);
    else this.#copied(via.targets, { prefix: [...at.prefix, ...path], by: at.by, within: [via] });
  }
  /** A path ends where a conversion repeats, because a recursive message has no last field. */
  #copied(targets: readonly ConvertedTarget[], copy: Copy): void {
    const { prefix, by, within } = copy;
    this.#copies++;
    for (const target of targets) {
      if (target.kind === "message") this.#copied(target.targets, copy);
      else if (target.kind === "computed") {
        const { expression } = target.bound;
        for (const { variable } of expression.reads) this.#node(expression.root, expression, { variable, by, prefix });
      } else
        for (const { from, conversion } of target.kind === "field" ? [target] : target.members) {
          const path = [...prefix, from];
          const via = endsAtList(path) ? undefined : messageOf(conversion);
          if (via === undefined || within.includes(via) || this.#copies >= MAX_COPIES) this.#add(path, by);
          else this.#copied(via.targets, { prefix: path, by, within: [...within, via] });
        }
    }
  }
  #expression(expression: Expression, at: At): void {
    this.#node(expression.root, expression, at);
  }
  #node(node: Node, expression: Expression, at: At): void {
    const path = pathOf(node, at.variable);
    if (path === undefined) for (const child of childrenOf(node)) this.#node(child, expression, at);
    else if (path.length + at.prefix.length > 0) this.#add([...at.prefix, ...path], at.by);
    else this.whole ??= expression;
  }
  #add(path: readonly DescField[], by: Reader | undefined): void {
    const end = path.findIndex(
      ({ fieldKind, message }) => fieldKind === "list" || fieldKind === "map" || isWellKnown(message),
    );
    const names = path.slice(0, end < 0 ? undefined : end + 1).map(({ name }) => name);
    this.reads.push({ path: names.join("."), by });
  }
}

/** Messages that hold each other have a number of paths that grows with the factorial of their number. */
const MAX_COPIES = 100;

/** A copied value. */
interface Copy {
  readonly prefix: readonly DescField[];
  readonly by: Reader | undefined;
  /** Conversions from the expression's value down to this one. */
  readonly within: readonly MessageConversion[];
}

interface At {
  readonly variable: Variable;
  readonly by: Reader | undefined;
  /** Fields from the answer down to the variable's message. */
  readonly prefix: readonly DescField[];
}

/** Returns the fields from a variable to a node; empty for the variable itself. Undefined: the node is no such path. */
function pathOf(node: Node, variable: Variable): readonly DescField[] | undefined {
  if (node.kind === "name") return node.variable === variable ? [] : undefined;
  if (node.kind !== "select" || typeof node.field === "string") return undefined;
  const path = pathOf(node.of, variable);
  return path && [...path, node.field];
}
const endsAtList = (path: readonly DescField[]): boolean =>
  path.some(({ fieldKind }) => fieldKind === "list" || fieldKind === "map");
const isWellKnown = (message: DescField["message"]): boolean =>
  message?.typeName.startsWith("google.protobuf.") === true;
const messageOf = (conversion: Conversion) => (conversion.kind === "message" ? conversion.via : undefined);

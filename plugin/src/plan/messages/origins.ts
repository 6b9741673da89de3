// Possible causes of a touched value: the steps, arguments and composed values that the expressions of each field
// depend on.
import {
  type CelType,
  type Expression,
  type FieldRead,
  fieldReads,
  ITSELF,
  joinReads,
  messagesInside,
  type Variable,
  WHOLE,
} from "../../cel/index.ts";
import { sortByDependency } from "../../graph/graph.ts";
import type { Target } from "../../model/conversion.ts";
import { callInputs, callsOf, composesOf, mayBeStale, sourceExpressions } from "../../resolve/model/blocks.ts";
import { isDegradation } from "../../resolve/model/degradation.ts";
import type { Block, Composed, EachSource, Let, Opening, Permit, Source, Step } from "../../resolve/model/model.ts";
import { isAsItIs, isUnchanged } from "../../resolve/model/parts.ts";
import type { Condition, PlanStep, Touch, TouchOrigin } from "../model/messages.ts";
import { boundReads, kept, passedTo, type Reads, readsInside } from "./bound-reads.ts";
import { dedupe, order, sameAs } from "./origin-order.ts";

interface OriginContext {
  readonly composed: Composed | Let | Permit | Opening;
  readonly planned: (step: Step) => PlanStep;
  /** Returns true if anything inside a composed message may be touched. */
  readonly degradable: (typeName: string) => boolean;
  readonly isComposed: (typeName: string) => boolean;
}

export interface Origins {
  readonly of: (expressions: readonly (Expression | undefined)[]) => TouchOrigin[];
  /** As `of`, without what the composed message finds inside its arguments. */
  readonly ofArguments: (expressions: readonly (Expression | undefined)[]) => TouchOrigin[];
  readonly ofStep: (step: Step) => TouchOrigin[];
  readonly touches: () => Touch[];
}

/** Returns the origins of arguments for composed messages that record the failures of these arguments. */
export function handedOn(
  { steps }: { readonly steps: Block["steps"] },
  tainted: (typeName: string) => readonly string[],
  origins: Pick<Origins, "ofArguments">,
): Pick<Touch, "origins">[] {
  return steps
    .flatMap(({ source }) => composesOf(source))
    .flatMap(({ message, args }) =>
      tainted(message.typeName).flatMap((name) => {
        const arg = args.find((candidate) => candidate.name === name);
        // If the condition is false, its origins count alone. They may need flags that the origins of the value make
        // unnecessary.
        return [[arg?.by, arg?.if], [arg?.if]].map((read) => ({ origins: origins.ofArguments(read) }));
      }),
    );
}

export function originsOf(cx: OriginContext): Origins {
  return new BlockOrigins(cx);
}

/** Finds the origins within one block. Private methods return them unordered and with duplicates. */
class BlockOrigins implements Origins {
  readonly #cx: OriginContext;
  readonly #steps: ReadonlyMap<Variable, Step>;
  readonly #tainted: ReadonlyMap<Variable, { readonly name: string }>;
  readonly #args: ReadonlySet<Variable>;
  readonly #known = new Map<Step, readonly TouchOrigin[]>();
  readonly #walked = new Map<Step, number | undefined>();

  constructor(cx: OriginContext) {
    const { composed } = cx;
    this.#cx = cx;
    this.#steps = new Map(
      [...composed.shared, ...composed.steps].flatMap((step) =>
        step.variable === undefined ? [] : [[step.variable, step] as const],
      ),
    );
    this.#tainted = new Map(composed.args.members.filter((arg) => arg.tainted).map((arg) => [arg.variable, arg]));
    const args = composed.args.members.map(({ variable }) => variable);
    this.#args = new Set(args.filter(({ complete, type }) => complete !== true && this.#holds(type)));
    // Steps follow the steps that they read, so a long chain of steps cannot exhaust the stack.
    for (const step of sortByDependency(composed.steps, (step) => step.reads).order)
      if (step.variable !== undefined) this.#ofStep(step);
  }

  ofArguments(expressions: readonly (Expression | undefined)[]): TouchOrigin[] {
    return order(expressions.flatMap((of) => this.#ofValue(of, of !== undefined && this.#holds(of.type))));
  }

  of(expressions: readonly (Expression | undefined)[]): TouchOrigin[] {
    return order(this.#of(expressions));
  }

  ofStep(step: Step): TouchOrigin[] {
    return order(this.#ofStep(step));
  }

  touches(): Touch[] {
    const { composed } = this.#cx;
    if (composed.kind !== "composed") return [];
    const { resolver, desc, targets } = composed;
    if (resolver === undefined) return targets.flatMap((target, index) => this.#touchesOf(target, index));
    const origins = this.ofStep(resolver);
    const fields = origins.length === 0 ? [] : desc.fields.filter((field) => !isDegradation(field));
    return fields.map((field) => ({ field: field.name, target: { kind: "resolved", field }, origins }));
  }

  #touchesOf(target: Target, index: number): Touch[] {
    if (target.kind === "field") {
      const origins = order(
        this.#ofReads(target.bound.expression, boundReads(target.bound)).flatMap((origin) => {
          if (!isBare(target, origin)) return [origin];
          // Touches of the message have no paths in its copy.
          return isUnchanged(target.bound) ? [] : [{ ...origin, leftOut: true }];
        }),
      );
      return origins.length === 0 ? [] : [{ field: target.field.name, target: { kind: "field", index }, origins }];
    }
    return target.members.flatMap((member, m): Touch[] => {
      if (member.left) return [];
      const touch = (origins: readonly TouchOrigin[], held?: boolean): Touch[] =>
        origins.length === 0
          ? []
          : [{ field: member.field.name, target: { kind: "member", index, member: m, held }, origins }];
      const conditionOrigins = this.of([member.if]);
      const all = this.of([member.if, member.bound.expression]);
      // The value of a member whose `if` does not hold is not read.
      if (member.if === undefined || sameAs(conditionOrigins, all)) return touch(all);
      return [...touch(conditionOrigins, false), ...touch(all, true)];
    });
  }

  #of(expressions: readonly (Expression | undefined)[]): TouchOrigin[] {
    return expressions.flatMap((of) => (of === undefined ? [] : this.#ofReads(of, fieldReads(of.root))));
  }

  #ofReads({ reads: variables }: Expression, reads: Reads): TouchOrigin[] {
    return variables.flatMap(({ variable }) => this.#ofVariable(variable, reads.get(variable) ?? []));
  }

  #ofVariable(variable: Variable, reads: readonly FieldRead[] = WHOLE): readonly TouchOrigin[] {
    const arg = this.#tainted.get(variable);
    const inArgument: TouchOrigin["origin"][] = arg === undefined ? [] : [{ kind: "arg", name: arg.name }];
    if (this.#args.has(variable) && readsInside(reads)) inArgument.push({ kind: "within arg", arg: variable, reads });
    const step = this.#steps.get(variable);
    if (step === undefined) return inArgument.map((origin) => ({ origin, leftOut: false, when: [] }));
    return this.#ofStep(step).flatMap((of) => {
      if (of.origin.kind !== "within" || of.origin.step.step !== step) return [of];
      return readsInside(reads) ? [{ ...of, origin: { ...of.origin, reads } }] : [];
    });
  }

  #ofStep(step: Step): readonly TouchOrigin[] {
    const before = this.#known.get(step);
    if (before !== undefined) return before;
    const planned = this.#cx.planned(step);
    const ran: Condition[] = step.if === undefined ? [] : [{ kind: "ran", step: planned }];
    const rank = this.#rankInside(step);
    const all: TouchOrigin[] = [
      ...this.#of([step.if]),
      ...when(ran, this.#ofSource(step.source, planned)),
      ...this.#ofValue(step.fallback?.expression, rank !== undefined),
    ];
    if (hasCause(step) && !planned.sync)
      all.push({ origin: { kind: "step", step: planned }, leftOut: false, when: [] });
    if (rank !== undefined)
      all.push({ origin: { kind: "within", step: planned, rank, reads: WHOLE }, leftOut: false, when: [] });
    const distinct = dedupe(all);
    this.#known.set(step, distinct);
    return distinct;
  }

  /** @param walked true if the readers of the value find the origins inside of it */
  #ofValue(value: Expression | undefined, walked: boolean): TouchOrigin[] {
    if (value === undefined) return [];
    const reads = fieldReads(value.root);
    return this.#ofReads(value, walked ? new Map([...reads].map(([of, all]) => [of, kept(all)])) : reads);
  }

  #holds(type: CelType): boolean {
    return messagesInside(type).some(({ typeName }) => this.#cx.isComposed(typeName));
  }

  /**
   * Returns the rank of the composed messages that a step's value holds, if failures may have touched them: that of the
   * first declared step that composes them.
   */
  #rankInside(step: Step): number | undefined {
    if (this.#walked.has(step)) return this.#walked.get(step);
    const { source, index, variable } = step;
    const composed =
      composesOf(source).some(({ message }) => this.#cx.degradable(message.typeName)) ||
      (source.kind === "shared" && source.of.some((of) => this.#rankInside(of) !== undefined));
    const passed = composed || variable === undefined || !this.#holds(variable.type) ? [] : passedTo(step);
    const ranks = passed.flatMap((of) => {
      if (this.#args.has(of)) return [-1];
      const other = this.#steps.get(of) ?? step.reads.find((read) => read.variable === of);
      return (other && this.#rankInside(other)) ?? [];
    });
    const rank = composed ? index : ranks.sort((a, b) => a - b)[0];
    this.#walked.set(step, rank);
    return rank;
  }

  #ofSource(source: Source, planned: PlanStep): TouchOrigin[] {
    switch (source.kind) {
      case "by":
        return this.#ofValue(source.by, this.#rankInside(planned.step) !== undefined);
      case "call":
        return this.#of(callInputs(source.call));
      case "compose":
        return []; // what its arguments bring is recorded inside
      case "each":
        return this.#ofEach(source, planned);
      case "switch": {
        const { cases, default: standard } = source;
        const walked = this.#rankInside(planned.step) !== undefined;
        return [
          ...cases.flatMap((branch, index) => [
            ...when([{ kind: "asked", step: planned, index }], this.#of([branch.if])),
            ...when([{ kind: "chosen", step: planned, index }], this.#ofValue(branch.value.expression, walked)),
          ]),
          ...when(
            [{ kind: "chosen", step: planned, index: cases.length }],
            this.#ofValue(standard?.expression, walked),
          ),
        ];
      }
      case "resolver":
        return [
          ...[...this.#tainted.keys()].flatMap((variable) => this.#ofVariable(variable)),
          ...planned.step.reads.flatMap((step) => this.#ofStep(step)),
        ];
      case "latest":
        return this.#of([source.key]);
      case "guard":
      case "shared":
        return [];
    }
  }

  #ofEach(source: EachSource, planned: PlanStep): TouchOrigin[] {
    // Origins of the arguments of composed items are recorded inside the items.
    const inner = source.source.kind === "compose" ? [] : sourceExpressions(source.source);
    const { key } = source;
    const had = when([{ kind: "items", step: planned }], this.#ofItems(planned, [source.if]));
    // Keys matter only for items that the `if` chooses. Safe values in a key are read together with it.
    const picked = source.if === undefined ? "items" : "picked";
    const keyed = when([{ kind: picked, step: planned }], this.#ofItems(planned, [key]));
    // Without an `if` and without a key that may be absent, every item has a result.
    const keyless = key !== undefined && key.unsafe.length > 0;
    const made = source.if === undefined && !keyless && source.quorum?.min === undefined ? "items" : "made";
    const value = when([{ kind: made, step: planned }], this.#ofItems(planned, inner));
    // An item is left out if it lacks a field that its expressions need.
    const isOfItem = ({ missing }: Variable): boolean =>
      missing !== undefined && (missing.root ?? source.item) === source.item;
    const lacks = [source.if, key, ...inner].some((expression) => expression?.unsafe.some(isOfItem));
    const readBy = (of: readonly (Expression | undefined)[], more: readonly FieldRead[] = []): TouchOrigin[] => {
      const items = joinReads(this.#readsOfItems(source, planned.step, of), more);
      const reads = fieldReads(source.in.root, items);
      return this.#ofReads(source.in, reads).map((origin) =>
        lacks && "reads" in origin.origin ? { ...origin, leftOut: true } : origin,
      );
    };
    // Without the list the step has no value, whatever its items are read for.
    const chosen = [key, ...sourceExpressions(source.source)];
    const list =
      source.if === undefined
        ? readBy(chosen, ITSELF)
        : [...readBy([source.if], ITSELF), ...when([{ kind: picked, step: planned }], readBy(chosen))];
    return [...list, ...had, ...keyed, ...value];
  }

  /** Returns the reads of an item, without those that the readers of the list, or a composed message, find inside. */
  #readsOfItems(
    { item, source: { kind } }: EachSource,
    step: Step,
    expressions: readonly (Expression | undefined)[],
  ): readonly FieldRead[] {
    const walked = kind === "by" && this.#rankInside(step) !== undefined;
    const reads = expressions.flatMap((of) => {
      const all = (of && fieldReads(of.root).get(item)) ?? [];
      return walked || (kind === "compose" && of !== undefined && this.#holds(of.type)) ? kept(all) : all;
    });
    return joinReads(reads);
  }

  /**
   * Returns the origins of expressions that run per item. `of` leaves out an item whose value depends on an absent
   * value.
   */
  #ofItems(of: PlanStep, expressions: readonly (Expression | undefined)[]): TouchOrigin[] {
    return expressions.flatMap((expression) => {
      const absent = new Set(expression?.unsafe.flatMap((variable) => [variable, variable.missing?.root ?? variable]));
      const reads = expression && fieldReads(expression.root);
      return (expression?.reads ?? []).flatMap(({ variable }) =>
        this.#ofVariable(variable, reads?.get(variable) ?? []).map((origin) =>
          absent.has(variable) ? lacking(origin, of, this.#goesWith(this.#steps.get(variable), origin)) : origin,
        ),
      );
    });
  }

  /** Returns true if a step is certainly absent when an origin has a cause. */
  #goesWith(step: Step | undefined, { origin }: TouchOrigin): boolean {
    if (step === undefined || origin.kind !== "step" || step.fallback !== undefined) return false;
    if (origin.step.step === step) return failsAlone(step);
    const needed = step.source.kind === "call" || step.source.kind === "by" ? sourceExpressions(step.source) : [];
    const unsafe = [step.if, ...needed].flatMap((expression) => expression?.unsafe ?? []);
    return unsafe.some((variable) => this.#goesWith(this.#steps.get(variable), { origin, leftOut: false, when: [] }));
  }
}

/** Returns true for a composed list or message that is bound by its name: touches inside it have separate paths. */
function isBare(target: Target & { kind: "field" }, { origin }: TouchOrigin): boolean {
  return (
    origin.kind === "within" &&
    composedBy(origin.step.step.source) &&
    isAsItIs(target.bound.expression, origin.step.step)
  );
}

/** Returns true if a value is composed, and not a part of one. */
function composedBy(source: Source): boolean {
  return (source.kind === "shared" ? source.of.map((of) => of.source) : [source]).some(
    (of) => composesOf(of).length > 0,
  );
}

/**
 * Returns an origin that an item depends on unsafely.
 * @param surely true if the value is absent for every cause
 */
function lacking(origin: TouchOrigin, of: PlanStep, surely: boolean): TouchOrigin {
  if (surely || origin.leftOut === true) return { ...origin, leftOut: true };
  return { ...origin, leftOut: [...new Set([...(origin.leftOut === false ? [] : origin.leftOut), of])] };
}

/** Returns true if every cause of a step makes it absent: the step fails and has no fallback. */
function failsAlone(step: Step): boolean {
  if (!step.supplementary || (step.source.kind === "each" && step.source.partial)) return false;
  return !callsOf(step.source).some((call) => call.onError.some((rule) => rule.then.kind === "fallback"));
}

/**
 * Returns true if the step's promise may carry a cause. The promise of a service's step carries the causes of all steps
 * that it depends on.
 */
function hasCause(step: Step): boolean {
  if (step.source.kind === "shared") return step.source.of.some(carries);
  return (
    step.supplementary ||
    callsOf(step.source).some(
      (call) => mayBeStale(call) || call.onError.some((rule) => rule.then.kind === "fallback"),
    ) ||
    (step.source.kind === "each" && step.source.partial)
  );
}

/** Returns true if the promise of a service's step may carry a cause of the step or of a step that it depends on. */
function carries(step: Step): boolean {
  const { source, if: condition, fallback } = step;
  if (hasCause(step)) return true;
  // Causes of the arguments of composed messages are recorded inside the messages.
  const compose = composesOf(source).length > 0;
  const outside = [
    condition,
    fallback?.expression,
    ...(source.kind === "each" ? [source.in, source.if, source.key] : []),
  ];
  const read = new Set(outside.flatMap((expression) => expression?.reads.map(({ variable }) => variable) ?? []));
  return step.reads.some(
    (other) => other.tainted && (!compose || (other.variable !== undefined && read.has(other.variable))),
  );
}

const when = (conditions: readonly Condition[], origins: readonly TouchOrigin[]): TouchOrigin[] =>
  origins.map((origin) => ({ ...origin, when: [...conditions, ...origin.when] }));

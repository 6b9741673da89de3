// Sources of a value, followed through steps, arguments and composed messages.
import type { Expression, Variable } from "../../cel/index.ts";
import type { IrStep } from "../../ir/step.ts";
import {
  callsOf,
  composesOf,
  expressionsIn,
  messagesByName,
  policyExpressions,
  sourceExpressions,
  stepsBehind,
} from "./blocks.ts";
import type { Block, Composed, ComposeSource, Let, Model, Step } from "./model.ts";

/** A step behind a value, and the way to it. */
export interface StepBehind {
  readonly step: Step;
  /** Names of steps and arguments (`args.x`), from the value to the step; the step's own name is the last. */
  readonly path: readonly string[];
}

/** Expressions whose sources are still to be found. */
interface Open {
  readonly expressions: readonly (Expression | undefined)[];
  readonly block: Composed | Let;
  readonly path: readonly string[];
  /** False inside a message whose composing step is behind the value: that step has the arguments. */
  readonly followsArgs: boolean;
}

/** A place where a message is composed. */
interface Composer {
  readonly block: Composed | Let;
  readonly compose: ComposeSource;
}

/** Finds the steps behind values of one model. */
export class ValuesBehind {
  readonly #messages: ReadonlyMap<string, Composed>;
  /** Steps of services by their declaration. */
  readonly #lets: ReadonlyMap<IrStep, Let>;
  readonly #composers = new Map<string, Composer[]>();
  /** Lists that the variables of `each` iterate over. */
  readonly #lists = new Map<Variable, Expression>();

  constructor({ messages, lets }: Pick<Model, "messages" | "lets">) {
    this.#messages = messagesByName(messages);
    this.#lets = new Map(lets.flatMap((of) => of.steps.map(({ ir }) => [ir, of] as const)));
    for (const block of [...lets, ...messages])
      for (const { source } of block.steps) {
        if (source.kind === "each") this.#lists.set(source.item, source.in);
        for (const compose of composesOf(source)) {
          const { typeName } = compose.message;
          this.#composers.set(typeName, [...(this.#composers.get(typeName) ?? []), { block, compose }]);
        }
      }
  }

  /** Returns each step once, with the shortest way to it. */
  of(expressions: readonly (Expression | undefined)[], block: Composed, path: readonly string[]): StepBehind[] {
    const open: Open[] = [{ expressions, block, path, followsArgs: true }];
    const found = new Map<Step, StepBehind>();
    const seen = { args: new Set<unknown>(), steps: { true: new Set<Step>(), false: new Set<Step>() } };
    const enter = (step: Step, { block: at, path: before, followsArgs }: Omit<Open, "expressions">): void => {
      const steps = seen.steps[`${followsArgs}`];
      if (steps.has(step)) return;
      steps.add(step);
      const way = [...before, step.name ?? "a resolver"];
      if (!found.has(step)) found.set(step, { step, path: way });
      open.push({ expressions: evaluatedBy(step), block: at, path: way, followsArgs });
      for (const { message } of composesOf(step.source)) {
        const child = this.#messages.get(message.typeName);
        if (child === undefined) continue;
        const inside = { block: child, path: way, followsArgs: false };
        open.push({ ...inside, expressions: expressionsIn({ steps: [], targets: child.targets }) });
        if (child.resolver !== undefined) enter(child.resolver, inside);
      }
    };
    if (block.resolver !== undefined) enter(block.resolver, { block, path, followsArgs: true });
    for (const visit of open) {
      const steps = stepsByVariable(visit.block);
      for (const variable of variablesIn(visit.expressions)) {
        for (const step of steps.get(variable) ?? [])
          enter(step, { ...visit, block: this.#lets.get(step.ir) ?? visit.block });
        const list = this.#lists.get(variable);
        if (list !== undefined) open.push({ ...visit, expressions: [list] });
        if (!visit.followsArgs || seen.args.has(variable)) continue;
        seen.args.add(variable);
        open.push(...this.#passed(variable, visit));
      }
    }
    return [...found.values()];
  }

  /** Returns what each composing place passes as the argument that a variable reads. */
  #passed(variable: Variable, { block, path }: Open): Open[] {
    const { args, desc } = block;
    const names = args.members
      .filter((member) => member.variable === variable || args.variable === variable)
      .map(({ name }) => name);
    return (this.#composers.get(desc.typeName) ?? []).flatMap(({ block: composer, compose }) =>
      compose.args
        .filter(({ name }) => names.includes(name))
        .map(({ name, by, if: condition }) => ({
          expressions: [by, condition],
          block: composer,
          path: [...path, `args.${name}`],
          followsArgs: true,
        })),
    );
  }
}

/** Returns the steps behind the names in expressions of a block, and behind `failure(name)`. */
function stepsByVariable(block: Composed | Let): ReadonlyMap<Variable, readonly Step[]> {
  return new Map(
    [...stepsBehind(block)].flatMap(([variable, steps]) => {
      const { failure } = variable;
      return [[variable, steps] as const, ...(failure === undefined ? [] : [[failure, steps] as const])];
    }),
  );
}

function variablesIn(expressions: readonly (Expression | undefined)[]): ReadonlySet<Variable> {
  return new Set(expressions.flatMap((expression) => expression?.reads.map(({ variable }) => variable) ?? []));
}

/** Returns all expressions that decide the value of a step. */
function evaluatedBy({ if: condition, fallback, source }: Step): (Expression | undefined)[] {
  const policies = callsOf(source).flatMap(({ policy }) => policyExpressions(policy));
  return [condition, fallback?.expression, ...sourceExpressions(source), ...policies];
}

/** Returns the expressions of each field of a message, with the conditions that choose a member of a oneof. */
export function expressionsByField({
  targets,
}: Pick<Block, "targets">): ReadonlyMap<string, readonly (Expression | undefined)[]> {
  return new Map(
    targets.flatMap((target) =>
      target.kind === "field"
        ? [[target.field.name, [target.bound.expression]] as const]
        : target.members.map(
            ({ field, bound, default: isLast }, index) =>
              [
                field.name,
                [bound.expression, ...deciding(isLast ? target.members : target.members.slice(0, index + 1))],
              ] as const,
          ),
    ),
  );
}
type Members = Extract<Block["targets"][number], { readonly kind: "oneof" }>["members"];

/** Returns what is evaluated until the last of these members is chosen: a member without `if` needs a value. */
const deciding = (members: Members): (Expression | undefined)[] =>
  members.map(({ if: condition, bound }) => condition ?? bound.expression);

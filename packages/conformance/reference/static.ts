// Facts of messages that need no request: who reads which step, which steps have side effects, which depend on which.
import type { DescMessage, FileRegistry } from "@bufbuild/protobuf";
import { type Call, type Compose, first, type Rules, type Step } from "./rules.ts";
import { holes, parsed } from "./syntax.ts";

/** Names that an expression reads. */
const readsOf = (source: string | undefined): readonly string[] =>
  source === undefined ? [] : parsed(source).reads.map(({ name }) => name);

/** The expressions of a step. `cases`: those of which a switch evaluates one. */
export function expressionsOf(step: Step): { readonly always: readonly string[]; readonly cases: readonly string[] } {
  const binds = [
    ...((step.call ?? step.each?.call) ? callBinds(step.call ?? step.each?.call) : []),
    ...(composeOf(step)?.args ?? []),
  ];
  const call = step.call ?? step.each?.call;
  const { guard, each, switch: choice } = step;
  const always = [
    step.if,
    step.by,
    step.fallback,
    call?.request,
    call?.batch?.by,
    ...binds.flatMap(({ by, if: condition, spread }) => [by, condition, spread]),
    each?.in,
    each?.if,
    each?.by,
    each?.key,
    guard?.if,
    ...(guard ? holes(guard.fail.message ?? "").filter((_, at) => at % 2 === 1) : []),
    ...(guard?.fail.details ?? []),
    ...(choice?.case.map((element) => element.if) ?? []),
  ];
  return {
    always: always.filter((source) => source !== undefined),
    cases: [
      ...(choice?.case.map((element) => element.by) ?? []),
      ...(choice?.default === undefined ? [] : [choice.default]),
    ],
  };
}
const callBinds = (call: Call | undefined) => [...(call?.set ?? []), ...(call?.metadata ?? [])];
const composeOf = (step: Step): Compose | undefined => step.compose ?? step.each?.compose;

/** Names that a step reads, in cases, too, and that it waits for. */
export function namesIn(step: Step): readonly string[] {
  const { always, cases } = expressionsOf(step);
  return [...[...always, ...cases].flatMap(readsOf), ...(step.after ?? [])];
}

export class Statics {
  readonly #rules: Rules;
  readonly #registry: FileRegistry;
  readonly #effects: (call: Call) => boolean;

  constructor(registry: FileRegistry, rules: Rules, effects: (call: Call) => boolean) {
    this.#rules = rules;
    this.#registry = registry;
    this.#effects = effects;
  }

  stepsOf(message: DescMessage): readonly Step[] {
    return this.#rules.messages.get(message.typeName)?.let ?? [];
  }
  named(name: string, around: string): DescMessage | undefined {
    return this.#registry.getMessage(`${around}.${name}`) ?? this.#registry.getMessage(name);
  }

  /** Reports whether a step makes a call with side effects, at any depth. */
  hasEffects(step: Step, around: string): boolean {
    const call = step.call ?? step.each?.call;
    if (call !== undefined && this.#effects(call)) return true;
    const compose = composeOf(step);
    const inner = compose && this.named(compose.message, around);
    return inner !== undefined && this.stepsOf(inner).some((child) => this.hasEffects(child, around));
  }

  /** Reports whether a step may fail the response although it is supplementary. */
  mayRefuse(step: Step, around: string): boolean {
    const call = step.call ?? step.each?.call;
    if (step.guard !== undefined || call?.onError?.some(({ fail }) => fail !== undefined)) return true;
    const compose = composeOf(step);
    const inner = compose && this.named(compose.message, around);
    return inner !== undefined && this.stepsOf(inner).some((child) => this.mayRefuse(child, around));
  }

  /** Reports whether `step` depends on `other`, by data or `after`. */
  dependsOn(step: Step, other: Step, steps: readonly Step[]): boolean {
    if (other.name === undefined) return false;
    const names = new Set(namesIn(step));
    if (names.has(other.name)) return true;
    return steps.some(
      (between) =>
        between !== step &&
        between.name !== undefined &&
        names.has(between.name) &&
        this.dependsOn(between, other, steps),
    );
  }

  /**
   * Steps that start at once: those that something other than a case or a member of a oneof reads, those that nothing
   * reads, and switches about side effects.
   *
   * @param fields the fields that are composed
   */
  eager(message: DescMessage, fields: ReadonlySet<string>, whole: boolean): ReadonlySet<Step> {
    const steps = this.stepsOf(message);
    const ruled = message.fields.map((field) => ({
      field,
      rule: this.#rules.fields.get(`${message.typeName}.${field.name}`) ?? {},
    }));
    const closure = (some: ReadonlySet<string>, kept: (step: Step) => boolean): ReadonlySet<Step> => {
      const always = ruled.flatMap(({ field, rule }) => [
        ...(some.has(field.name) ? readsOf(rule.if) : []),
        ...(some.has(field.name) && field.oneof === undefined ? readsOf(rule.by) : []),
      ]);
      const found = new Set<Step>();
      for (let before = -1; before < found.size; ) {
        before = found.size;
        const reading = [...found].flatMap((step) => [
          ...expressionsOf(step).always.flatMap(readsOf),
          ...(step.after ?? []),
        ]);
        for (const step of steps) if (kept(step) || [...always, ...reading].includes(step.name ?? "")) found.add(step);
      }
      return found;
    };
    const names = new Set(this.readsOfMessage(message));
    const unread = ({ name }: Step): boolean => name === undefined || !names.has(name);
    const isGuard = ({ guard, name }: Step): boolean => guard !== undefined || name === undefined;
    const anyway = closure(new Set(ruled.map(({ field }) => field.name)), (step) => isGuard(step) || unread(step));
    const effects = steps.filter((step) => this.hasEffects(step, message.file.proto.package));
    const decides = (step: Step): boolean =>
      step.switch !== undefined && effects.some((other) => !anyway.has(other) && this.dependsOn(step, other, steps));
    const kept = (step: Step): boolean => isGuard(step) || decides(step) || (whole && unread(step));
    return closure(fields, (step) => kept(step) || (effects.includes(step) && anyway.has(step)));
  }

  /** All messages that a message composes, itself included. */
  reached(message: DescMessage): ReadonlySet<DescMessage> {
    const found = new Set<DescMessage>();
    const visit = (of: DescMessage | undefined): void => {
      if (of === undefined || found.has(of)) return;
      found.add(of);
      for (const step of this.stepsOf(of)) visit(this.named(composeOf(step)?.message ?? "", of.file.proto.package));
    };
    visit(message);
    return found;
  }

  /** All names that a message reads. */
  readsOfMessage(message: DescMessage): readonly string[] {
    const fields = message.fields.flatMap(({ name }) => {
      const { by, if: condition } = this.#rules.fields.get(`${message.typeName}.${name}`) ?? {};
      return [...readsOf(by), ...readsOf(condition)];
    });
    return [...fields, ...this.stepsOf(message).flatMap(namesIn)];
  }

  /** The message with steps whose alias a message is. */
  wholeOf(message: DescMessage): DescMessage | undefined {
    const alias = first(this.#rules.messages.get(message.typeName)?.alias);
    const whole = alias === undefined ? undefined : this.#registry.getMessage(alias);
    return whole !== undefined && this.stepsOf(whole).length > 0 ? whole : undefined;
  }
}

// Composition of one message: its steps as promises, its guards, its fields.
import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { Evaluator, type Globals, type Scope } from "./evaluate.ts";
import type { Place, Response } from "./response.ts";
import { absent, type Cause, causeOf, type Entry, type Refusal, type Result, StepFailure, unique } from "./result.ts";
import type { FieldRule, Step } from "./rules.ts";
import { sourceOf } from "./sources.ts";
import { expressionsOf, Statics } from "./static.ts";
import { parsed } from "./syntax.ts";
import { celOf } from "./values.ts";

export interface Composed {
  readonly message: ReflectMessage;
  readonly entries: readonly Entry[];
  /** Names of fields without a value, because a step behind them has none. */
  readonly lacks?: ReadonlySet<string>;
}
export interface Setting {
  readonly response: Response;
  readonly desc: DescMessage;
  readonly steps: readonly Step[];
  /** Arguments by "args.name"; none for the request itself, which is in `globals`. */
  readonly args: ReadonlyMap<string, Result>;
  readonly globals: Globals;
  readonly outer?: Composition;
  /** The composition of the service's `let`. */
  readonly shared?: Composition;
  /** Positions of the composing steps. */
  readonly rank: readonly number[];
  /** Results of steps that have run before. */
  readonly before?: ReadonlyMap<Step, Promise<Result>>;
  /** Names of the composed fields. Default: all. */
  readonly only?: ReadonlySet<string>;
}

export class Composition implements Place {
  readonly setting: Setting;
  readonly evaluator: Evaluator;
  readonly package: string;
  readonly globals: Globals;
  readonly statics: Statics;
  readonly results = new Map<Step, Promise<Result>>();
  readonly guards = new Map<Step, Promise<Refusal | undefined>>();

  constructor(setting: Setting) {
    this.setting = setting;
    const { response, desc, globals } = setting;
    this.globals = globals;
    this.package = desc.file.proto.package;
    this.evaluator = new Evaluator(response.program.registry, this.package);
    this.statics = new Statics(response.program.registry, response.program.rules, (call) => response.hasEffects(call));
  }

  readonly scope: Scope = (name) => {
    const argument = this.setting.args.get(name);
    if (argument !== undefined) return Promise.resolve(argument);
    if (name === "principal") return Promise.resolve(this.setting.response.principal());
    if (name.startsWith("args.")) return this.globals.args === undefined ? Promise.resolve(absent()) : undefined;
    const step = this.setting.steps.find((candidate) => candidate.name === name);
    return step === undefined ? this.setting.shared?.scope(name) : this.result(step);
  };

  result(step: Step): Promise<Result> {
    let found = this.results.get(step) ?? this.setting.before?.get(step);
    if (found === undefined) {
      found = this.#run(step);
      found.catch(() => undefined);
      this.results.set(step, found);
    }
    return found;
  }

  // ---- steps ----

  async #run(step: Step): Promise<Result> {
    await Promise.allSettled((step.after ?? []).map((name) => this.scope(name)));
    try {
      return await this.#replaced(step, await this.#sourced(step));
    } catch (error) {
      if (!(error instanceof StepFailure) || error.critical) throw error;
      if (step.supplementary || step.defer) return this.#replaced(step, absent([causeOf(error)], error));
      error.critical = true;
      throw error;
    }
  }
  async #sourced(step: Step): Promise<Result> {
    const test = step.if === undefined ? undefined : await this.evaluator.holds(step.if, this.scope, this.globals);
    if (test !== undefined && !test.is)
      return absent(test.result.causes, test.result.value === undefined ? test.result.failure : undefined);
    const result = await sourceOf(this, step);
    return { ...result, causes: unique([...(test?.result.causes ?? []), ...result.causes]) };
  }
  async #replaced(step: Step, result: Result): Promise<Result> {
    if (result.value !== undefined || step.fallback === undefined) return result;
    const { value } = await this.evaluator.value(step.fallback, this.scope, this.globals);
    return { ...result, value };
  }

  /** Waits until a step with side effects may begin. */
  async ready(step: Step): Promise<void> {
    const { outer, shared } = this.setting;
    await Promise.all([this.#allowed(step), outer?.allowedAll(), shared?.allowedAll()]);
  }
  /** Waits for all guards and critical steps, those of outer messages included. */
  async allowedAll(): Promise<void> {
    await this.#allowed(undefined);
    await this.setting.outer?.allowedAll();
  }
  async #allowed(step: Step | undefined): Promise<void> {
    const { steps } = this.setting;
    const refused = await Promise.all(this.guards.values());
    const refusal = refused.find((found) => found !== undefined);
    if (refusal !== undefined) throw refusal;
    for (const other of steps) {
      const waits =
        other !== step &&
        !other.guard &&
        this.#isCritical(other) &&
        (this.results.has(other) || this.setting.before?.has(other));
      if (!waits || (step !== undefined && this.statics.dependsOn(other, step, steps))) continue;
      const ordered = step !== undefined && steps.indexOf(other) < steps.indexOf(step);
      const free = other.unordered && step?.unordered;
      if (this.statics.hasEffects(other, this.package) && (!ordered || free)) continue;
      await this.result(other);
    }
  }
  #isCritical(step: Step): boolean {
    return !step.supplementary && !step.defer && !step.guard;
  }

  // ---- guards ----

  /** Guards over values that are there at once. Throws the first that holds. */
  async admit(): Promise<void> {
    for (const step of this.setting.steps)
      if (step.guard !== undefined && this.#isEarly(step)) {
        const refusal = await this.guard(step);
        if (refusal !== undefined) throw refusal;
      }
  }
  #isEarly(step: Step, from: readonly Step[] = []): boolean {
    if (from.includes(step)) return false;
    const names = expressionsOf(step).always.flatMap((source) => parsed(source).reads.map(({ name }) => name));
    return names.every((name) => {
      if (/^(headers|principal|args)(\.|$)/.test(name)) return true;
      const read = this.setting.steps.find((candidate) => candidate.name === name);
      return read?.by !== undefined && read.if === undefined && this.#isEarly(read, [...from, step]);
    });
  }

  /** Returns the refusal of a guard that holds. A guard over a failed step is skipped. */
  guard(step: Step): Promise<Refusal | undefined> {
    let found = this.guards.get(step);
    if (found === undefined) {
      found = this.#guarded(step);
      found.catch(() => undefined);
      this.guards.set(step, found);
      this.setting.response.guards.push(found.catch(() => undefined));
    }
    return found;
  }
  async #guarded(step: Step): Promise<Refusal | undefined> {
    const { guard } = step;
    if (guard === undefined) return undefined;
    const rank = [...this.setting.rank, this.setting.steps.indexOf(step)];
    try {
      const names = expressionsOf(step).always.flatMap((source) => parsed(source).reads.map(({ name }) => name));
      await Promise.all(names.map((name) => this.scope(name)));
    } catch (error) {
      if (error instanceof StepFailure) return undefined;
      throw error;
    }
    const { is } = await this.evaluator.holds(guard.if, this.scope, this.globals);
    return is ? this.setting.response.refusal(guard.fail, this, rank) : undefined;
  }

  // ---- the message ----

  /** Starts all steps that start at once. */
  start(): ReadonlySet<Step> {
    const { desc, steps, only } = this.setting;
    const names = only ?? new Set(desc.fields.map(({ name }) => name));
    const eager = this.statics.eager(desc, names, only === undefined);
    for (const step of steps) if (step.guard !== undefined && eager.has(step)) this.guard(step);
    for (const step of steps) if (step.guard === undefined && eager.has(step)) this.result(step);
    return eager;
  }

  /** Composes the message. Throws `StepFailure`, or `Refusal`. */
  async run(): Promise<Composed> {
    await this.admit();
    const eager = this.start();
    const { desc, only } = this.setting;
    const names = only ?? new Set(desc.fields.map(({ name }) => name));
    const waited = [...eager].filter(
      (step) =>
        step.guard === undefined &&
        (this.#isCritical(step) ||
          this.statics.hasEffects(step, this.package) ||
          this.statics.mayRefuse(step, this.package)),
    );
    const composed = this.fields(desc.fields.filter(({ name }) => names.has(name)));
    composed.catch(() => undefined);
    const refusals = [...this.guards.values()].map(async (guard) => {
      const refusal = await guard;
      if (refusal !== undefined) throw refusal;
    });
    await Promise.all([...refusals, ...waited.map((step) => this.result(step))]);
    const made = await composed;
    await Promise.all([...this.results].flatMap(([step, result]) => (this.#isCritical(step) ? [result] : [])));
    return made;
  }

  /** Composes some of the fields. */
  async fields(fields: readonly DescField[]): Promise<Composed> {
    const { desc, response } = this.setting;
    const message = reflect(desc);
    const entries: Entry[] = [];
    const done = new Set<DescOneof>();
    const parts = await Promise.all(
      fields.map(async (field) => {
        if (field.oneof === undefined) return this.#field(field);
        if (done.has(field.oneof)) return [];
        done.add(field.oneof);
        return this.#member(field.oneof);
      }),
    );
    const converter = response.converter(this);
    const lacks = new Set<string>();
    for (const { field, result, entries: found } of parts.flat()) {
      if (result !== undefined && result.value === undefined && !result.unset) lacks.add(field.name);
      if (result?.lacks?.some(({ size }) => size > 0)) lacks.add(`${field.name}.`);
      if (result !== undefined && !result.unset) converter.assign(message, field, result.value, result.enum);
      entries.push(...found);
    }
    return { message, entries, lacks };
  }

  async #field(field: DescField): Promise<readonly FieldResult[]> {
    const rule = this.ruleOf(field);
    if (rule.by === undefined) return this.#bound(field);
    const result = await this.evaluator.value(rule.by, this.scope, this.globals, true);
    return [{ field, result, entries: entriesOf(field, rule, result) }];
  }
  /** A field that a step with `autobind` fills. */
  async #bound(field: DescField): Promise<readonly FieldResult[]> {
    for (const step of this.setting.steps.filter(({ autobind }) => autobind)) {
      const result = await this.result(step);
      if (!isReflectMessage(result.value)) continue;
      const from = result.value.desc.fields.find(({ name }) => name === field.name);
      if (from === undefined) continue;
      const unset = from.presence !== 2 && !result.value.isSet(from);
      const value = {
        ...result,
        value: celOf(result.value, from),
        enum: from.enum,
        ...(unset && { unset: true as const }),
      };
      return [{ field, result: value, entries: [] }];
    }
    return [];
  }

  /** The first member that holds; entries for the members tried up to it. */
  async #member(oneof: DescOneof): Promise<readonly FieldResult[]> {
    const tried: FieldResult[] = [];
    const members = [...oneof.fields].sort(
      (a, b) => Number(this.ruleOf(a).default === true) - Number(this.ruleOf(b).default === true),
    );
    for (const field of members) {
      const rule = this.ruleOf(field);
      if (rule.by === undefined) continue;
      const test = rule.if === undefined ? undefined : await this.evaluator.holds(rule.if, this.scope, this.globals);
      if (test !== undefined && !test.is) {
        tried.push({ field, result: undefined, entries: missing(field, test.result.causes) });
        continue;
      }
      const result = await this.evaluator.value(rule.by, this.scope, this.globals, true);
      const there = result.value !== undefined && !result.unset && result.value !== null;
      if (!there && rule.if === undefined) {
        tried.push({ field, result: undefined, entries: missing(field, result.causes) });
        continue;
      }
      const all = unique([...(test?.result.causes ?? []), ...result.causes]);
      return [...tried, { field, result, entries: entriesOf(field, rule, { ...result, causes: all }) }];
    }
    return tried;
  }

  ruleOf(field: DescField): FieldRule {
    return this.setting.response.program.rules.fields.get(`${field.parent.typeName}.${field.name}`) ?? {};
  }
}

interface FieldResult {
  readonly field: DescField;
  readonly result: Result | undefined;
  readonly entries: readonly Entry[];
}

const missing = (field: DescField, causes: readonly Cause[]): readonly Entry[] => {
  const [cause] = causes;
  return cause === undefined
    ? []
    : [{ path: field.name, effect: "MISSING", reason: cause.reason, upstream: cause.upstream }];
};

/** Entries of a field: those of a composed message that it binds by a bare name, and one for its causes. */
function entriesOf(field: DescField, rule: FieldRule, result: Result): readonly Entry[] {
  const bare = parsed(rule.by ?? "").path?.length === 1;
  const inner = bare ? (result.entries ?? []) : [];
  const nested = inner.flatMap((entry, at): readonly Entry[] =>
    Array.isArray(entry)
      ? (entry as readonly Entry[]).map((element) => ({ ...element, path: `${field.name}[${at}].${element.path}` }))
      : [{ ...(entry as Entry), path: `${field.name}.${(entry as Entry).path}` }],
  );
  const [cause] = result.causes;
  if (cause === undefined) return nested;
  const gone = result.value === undefined || (result.unset ?? false);
  const incomplete = result.causes.every((element) => element.incomplete);
  const changed = incomplete ? "INCOMPLETE" : "REPLACED";
  const effect = gone ? "MISSING" : changed;
  return [{ path: field.name, effect, reason: cause.reason, upstream: cause.upstream }, ...nested];
}

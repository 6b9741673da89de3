// One composed message, or the steps that a service starts. Steps are evaluated when something reads them. There is no
// schedule, no concurrency and no time: calls end as the fault determines.
import type { BindBehaviour, BlockBehaviour, ExpressionReport, SourceBehaviour, StepBehaviour } from "../behaviour.ts";
import { inside } from "../expressions/inside.ts";
import {
  asArgument,
  dead,
  type Failure,
  type Locals,
  lateIf,
  NO_LOCALS,
  type Result,
  type Taint,
  tainted,
  valueResult,
} from "../values/results.ts";
import { MessageValue, Untold, type Value } from "../values/values.ts";
import { callResult } from "./call.ts";
import type { ArgResults, Composition, Response } from "./composition.ts";
import { eachResult } from "./each.ts";
import { BEFORE, conditionOf, resultOf } from "./expressions.ts";
import { composeFields } from "./fields.ts";
import { suppliedResult, switchResult } from "./sources.ts";

export class Block implements Composition {
  readonly response: Response;
  readonly report: BlockBehaviour;
  readonly args: ArgResults;
  /** `args` as a whole, where it is the request. */
  readonly request: Value | undefined;
  readonly parent: Block | undefined;
  /** The step of the parent that it is composed by. */
  readonly by: StepBehaviour | undefined;
  /** Undefined: a message. */
  readonly starts: readonly string[] | undefined;
  readonly #results = new Map<StepBehaviour, Result>();
  readonly #running = new Set<StepBehaviour>();
  /** Steps that begin when the time for calls is over. */
  readonly #late = new Set<StepBehaviour>();
  readonly #startsLate: boolean;
  /** True if it decides on admission. */
  readonly strict: boolean;
  readonly #guards = new Map<StepBehaviour, boolean>();
  readonly #errors = new Map<ExpressionReport, boolean>();
  readonly #conditions = new Map<ExpressionReport, boolean>();

  constructor(
    response: Response,
    report: BlockBehaviour,
    options: {
      readonly args: ArgResults;
      readonly request?: Value;
      readonly parent?: Block;
      readonly starts?: readonly string[];
      readonly late?: boolean;
      readonly step?: StepBehaviour;
      /** True if it decides on admission. */
      readonly strict?: boolean;
    },
  ) {
    this.response = response;
    this.report = report;
    this.args = options.args;
    this.request = options.request;
    this.parent = options.parent;
    this.starts = options.starts;
    this.by = options.step;
    this.#startsLate = options.late === true;
    this.strict = options.strict === true;
  }

  // ---- the whole ----

  /** Returns the message, with its entries in `touched`. */
  compose(type: string): Result {
    if (!this.admits()) return dead;
    const failures: Failure[] = [];
    if (!this.finish(failures)) return failures.length > 0 ? { state: "failed", failures, taint: [] } : dead;
    const { fields, missing, entries, results } = composeFields(this);
    for (const result of results) if (result.state === "failed") failures.push(...result.failures);
    if (failures.length > 0) return { state: "failed", failures, taint: [] };
    if (results.some(({ state }) => state === "dead")) return dead;
    const made = new MessageValue(type, fields, missing);
    this.response.touched.set(made, entries);
    return lateIf(
      valueResult(made),
      [...this.#results.values(), ...results].some(({ late }) => late),
    );
  }

  /** Returns true if the guards that need no step admit the response. */
  admits(): boolean {
    return this.#started().every((step) => step.immediate !== true || this.#guard(step));
  }

  /** Runs the steps that no field reads. Returns false if the response ends. */
  finish(failures: Failure[]): boolean {
    let goesOn = true;
    const end = (step: StepBehaviour): void => {
      const result = this.step(step);
      if (result.state === "failed") failures.push(...result.failures);
      const waitedFor = step.supplementary !== true || hasEffect(step.source);
      if (result.state === "failed" || (result.state === "dead" && waitedFor)) goesOn = false;
    };
    const steps = this.#started().filter(({ source }) => source.kind !== "guard");
    for (const step of steps) if (!step.only_in_case && step.only_for === undefined) end(step);
    const choosable = this.#choosable();
    for (const step of steps)
      if (!step.only_in_case && step.only_for?.some((member) => choosable.has(member))) end(step);
    for (const step of steps) if (step.only_in_case && this.#results.has(step)) end(step);
    for (const step of this.#started()) if (step.source.kind === "guard" && !this.#guard(step)) goesOn = false;
    return goesOn;
  }
  #started(): readonly StepBehaviour[] {
    const { starts } = this;
    return starts === undefined
      ? this.report.steps
      : this.report.steps.filter(({ name, index }) => starts.includes(name ?? `#${index}`));
  }

  /**
   * Returns the members that may be set: those without `if`, up to and including the first whose `if` holds. A default
   * is last.
   */
  #choosable(): ReadonlySet<string> {
    const found = new Set<string>();
    for (const target of this.report.fields) {
      if (!("oneof" in target)) continue;
      for (const member of [
        ...target.members.filter((member) => !member.default),
        ...target.members.filter((member) => member.default),
      ]) {
        if (member.if === undefined) {
          found.add(member.field);
          continue;
        }
        const condition = this.condition(member.if);
        if (condition.state === "failed" || condition.state === "dead") break;
        if (condition.state === "absent" || condition.value !== true) continue;
        found.add(member.field);
        break;
      }
    }
    return found;
  }

  // ---- guards ----

  #guard(step: StepBehaviour): boolean {
    const before = this.#guards.get(step);
    if (before !== undefined) return before;
    const passes = this.#passes(step);
    this.#guards.set(step, passes);
    return passes;
  }
  #passes(step: StepBehaviour): boolean {
    const { source } = step;
    if (source.kind !== "guard") return true;
    const rank = this.parent !== undefined ? undefined : step.index + (this.starts === undefined ? 0 : BEFORE);
    for (const expression of [step.if, source.if]) {
      if (expression === undefined) continue;
      const result = this.condition(expression);
      if (result.state === "dead") return false;
      if (result.state === "failed") {
        this.response.guards.push({ rank, code: 13 });
        return false;
      }
      if (result.state === "absent" || result.value !== true) return true;
    }
    this.response.guards.push({ rank, code: source.code ?? 13 });
    return false;
  }

  // ---- steps ----

  step(step: StepBehaviour): Result {
    const before = this.#results.get(step);
    if (before !== undefined) return before;
    if (this.#running.has(step)) throw new Error(`a circle through step ${step.name ?? step.index}`);
    this.#running.add(step);
    const result = this.#modified(step);
    this.#running.delete(step);
    const ended = lateIf(result, this.isLate(step));
    this.#results.set(step, ended);
    return ended;
  }
  /** Returns true if the step begins after the time for calls is over. */
  isLate(step: StepBehaviour): boolean {
    return this.#late.has(step);
  }
  /** Marks the step as late, because it waits for something late. */
  waits(step: StepBehaviour): void {
    this.#late.add(step);
  }
  /**
   * Returns true if side effects of a step wait for something late. They wait for guards and critical steps that do not
   * depend on it, in this block and around it.
   */
  clearsLate(step: StepBehaviour | undefined): boolean {
    const late = this.#started().some((other) => {
      if (other === step || this.#running.has(other) || other.supplementary || other.only_in_case || other.only_for)
        return false;
      // A step does not come first if it depends on a running step, which is this step or one unordered with it.
      if ([...this.#running].some((begun) => this.#restsOn(other, begun))) return false;
      if (other.source.kind !== "guard") return this.step(other).late === true;
      return [other.if, other.source.if].some(
        (expression) => expression !== undefined && this.evaluate(expression).late,
      );
    });
    if (late) return true;
    if (this.parent !== undefined) return this.parent.clearsLate(this.by);
    return this.starts === undefined && (this.response.shared?.clearsLate(undefined) ?? false);
  }
  #restsOn(step: StepBehaviour, other: StepBehaviour, seen = new Set<StepBehaviour>()): boolean {
    if (step === other) return true;
    if (seen.has(step)) return false;
    seen.add(step);
    return namesIn(step).some((name) => {
      const read = this.named(name);
      return read !== undefined && this.#restsOn(read, other, seen);
    });
  }
  named(name: string): StepBehaviour | undefined {
    return this.report.steps.find((step) => step.name === name);
  }

  #modified(step: StepBehaviour): Result {
    if (this.#startsLate) this.#late.add(step);
    for (const name of step.after ?? []) {
      const other = this.named(name);
      if (other !== undefined && this.step(other).late) this.#late.add(step);
    }
    let result = this.#conditional(step);
    if (result.state === "failed" && step.supplementary) {
      const { failures, taint } = result;
      const stepTaint = failures.map(({ cause }): Taint => ({ cause, rank: step.index, leftOut: false, soft: false }));
      result = { state: "absent", taint: [...taint, ...stepTaint], why: failures[0]?.why };
    }
    if (result.state !== "absent" || step.fallback === undefined) return result;
    const fallback = this.evaluate(step.fallback);
    if (fallback.state !== "value") return fallback;
    return { ...fallback, taint: [...result.taint, ...fallback.taint], why: result.why };
  }
  #conditional(step: StepBehaviour): Result {
    if (step.if === undefined) return this.source(step, step.source, NO_LOCALS);
    const condition = this.condition(step.if);
    if (condition.late) this.#late.add(step);
    if (condition.state !== "value") return condition;
    if (condition.value !== true) return { state: "absent", taint: condition.taint };
    return tainted(this.source(step, step.source, NO_LOCALS), condition.taint);
  }

  source(step: StepBehaviour, source: SourceBehaviour, locals: Locals): Result {
    switch (source.kind) {
      case "by":
        return this.evaluate(source.by, locals);
      case "call":
        return callResult(this, step, source.call, locals);
      case "compose":
        return this.#composed(step, source, locals);
      case "each":
        return eachResult(this, step, source);
      case "switch":
        return switchResult(this, source);
      case "resolver":
        return suppliedResult(this, step, source);
      case "latest":
        throw new Untold(`the newest item for \`${source.key.text}\` is not known`);
      case "guard":
        throw new Error("a guard has no value");
    }
  }

  #composed(step: StepBehaviour, source: SourceBehaviour & { readonly kind: "compose" }, locals: Locals): Result {
    const args = new Map<string, Result>();
    for (const bind of source.args) {
      const value = this.bound(bind, locals);
      if (value.state === "failed" || value.state === "dead") return value;
      args.set(
        bind.name,
        value.state === "value"
          ? { ...value, taint: asArgument(value.taint), inner: asArgument(value.inner) }
          : { ...value, taint: asArgument(value.taint) },
      );
    }
    const report = this.response.behaviour.messages[source.message];
    if (report === undefined) throw new Untold(`${source.message} is not in the plan`);
    const result = new Block(this.response, report, {
      args,
      parent: this,
      step,
      late: this.isLate(step) || [...args.values(), ...locals.values()].some(({ late }) => late),
    }).compose(source.message);
    if (result.state !== "value") return result;
    return { ...result, inner: inside(result.value, this.response.touched, step.index) };
  }

  /** A named value: left out when its `if` is false. */
  bound({ by, if: condition }: BindBehaviour, locals: Locals): Result {
    if (condition === undefined) return this.evaluate(by, locals);
    const held = this.condition(condition, locals);
    if (held.state !== "value") return held;
    if (held.value !== true) return { state: "absent", taint: held.taint };
    return tainted(this.evaluate(by, locals), held.taint);
  }

  // ---- expressions ----

  /** Takes a decision over an expression whose value is unknown; once for each expression without variables. */
  decide(expression: ExpressionReport, locals: Locals, isError: boolean): boolean {
    const known = isError ? this.#errors : this.#conditions;
    const before = locals.size === 0 ? known.get(expression) : undefined;
    if (before !== undefined) return before;
    const why = `\`${expression.text}\` ${isError ? "may be an error" : "decides"}`;
    const decided = this.response.decide({ why, isError });
    known.set(expression, decided);
    return decided;
  }
  /** Evaluates a condition; an unknown one is decided. */
  condition(expression: ExpressionReport, locals: Locals = NO_LOCALS): Result {
    return conditionOf(this, expression, locals);
  }
  /** Its value, unless it reads unsafely what is absent. */
  evaluate(expression: ExpressionReport, locals: Locals = NO_LOCALS): Result {
    return resultOf(this, expression, locals);
  }
}

/** Returns all steps that a step reads or comes after, by name. */
function namesIn(step: StepBehaviour): string[] {
  const names: string[] = [...(step.after ?? [])];
  const visit = (of: unknown): void => {
    if (Array.isArray(of)) of.forEach(visit);
    else if (typeof of === "object" && of !== null)
      for (const [key, value] of Object.entries(of)) {
        if (key === "reads")
          for (const read of value as readonly (string | { readonly name: string })[])
            names.push(typeof read === "string" ? read : read.name);
        else if (key !== "tree") visit(value);
      }
  };
  visit(step);
  return names;
}

function hasEffect(source: SourceBehaviour): boolean {
  if (source.kind === "each") return hasEffect(source.of);
  return source.kind === "call" && source.call.side_effects === true;
}

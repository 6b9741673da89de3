// One composed message: its steps, evaluated on their first read, and its fields. Slow and simple on purpose: no plan,
// no concurrency, no time. It visits every step, and takes the ends of calls from the log.

import type { CelInput } from "@bufbuild/cel";
import { type DescField, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { IrField } from "../../../plugin/src/ir/ir.ts";
import type { IrBind, IrCompose, IrGuard, IrStep, IrSwitch } from "../../../plugin/src/ir/step.ts";
import { callResult } from "./call.ts";
import { expression } from "./cel/expression.ts";
import { canBeAbsent } from "./cel/field-value.ts";
import { eachResult } from "./each.ts";
import { composeFields, laterPaths, suppliedEntries } from "./fields.ts";
import { evaluateGuard, isImmediate, type Verdict } from "./guards.ts";
import { caseOnly, oneofOnly, readsArgument, restsOn } from "./reads.ts";
import type { Failure, Missing, Response } from "./response.ts";
import { Refused } from "./response.ts";
import {
  type Args,
  dead,
  INTERNAL,
  type Locals,
  members,
  noLocals,
  type Result,
  tainted,
  type Value,
  value,
} from "./result.ts";
import { Scope } from "./scope.ts";
import { isSupplementary, type Place } from "./static.ts";
import { insideOf } from "./taints/inside.ts";
import { asArgument, type Entry, inOrder, invalid, passedOn, type Taint } from "./taints/taint.ts";

export class Composition extends Scope {
  readonly parent: { readonly composition: Composition; readonly step: IrStep } | undefined;
  readonly #guards = new Map<IrStep, Verdict>();
  readonly #results = new Map<IrStep, Result | "running">();
  readonly #caseOnly: ReturnType<typeof caseOnly>;
  readonly #oneofOnly: ReadonlyMap<IrStep, ReadonlySet<IrField>>;

  /** @param opened earlier results of steps */
  constructor(
    response: Response,
    place: Place,
    args: Args,
    parent?: Composition["parent"],
    opened: ReadonlyMap<IrStep, Result> = new Map(),
  ) {
    super(response, place, args);
    this.parent = parent;
    for (const [step, result] of opened) this.#results.set(step, result);
    this.#caseOnly = caseOnly(place);
    this.#oneofOnly = oneofOnly(place);
  }

  // ---- the message ----

  run(): Result {
    if (!this.admits()) return dead;
    const failures: Failure[] = [];
    const missing: Missing[] = [];
    let stuck = false;
    // The message depends on a failure that is reported elsewhere: then its other parts need not continue.
    let hopeless = false;
    const wait = (of: readonly Missing[]) => {
      stuck = true;
      hopeless ||= of.length === 0;
      missing.push(...of);
    };
    this.#finishAll(failures, wait);

    if (this.place.message.resolver !== undefined && failures.length === 0 && !stuck) return this.#whole();
    const target = reflect(this.place.message.desc);
    const entries: Entry[] = [];
    for (const field of composeFields(this, target, entries)) {
      if (field.state === "failed") failures.push(...field.failures);
      if (field.state === "dead") wait(field.missing);
    }
    if (failures.length > 0) return { state: "failed", failures, taint: [] };
    if (this.#refused) return dead;
    if (stuck) return { state: "dead", missing: hopeless ? [] : missing };
    this.response.touched.set(target.message, inOrder(entries));
    this.response.parts.set(target.message, laterPaths(this, target));
    return value(target);
  }

  /** Runs the steps of a service: returns the critical ones that fail, or depend on calls never made. */
  runShared(): {
    readonly failures: readonly Failure[];
    readonly missing: readonly Missing[];
    readonly stuck: boolean;
  } {
    const failures: Failure[] = [];
    const missing: Missing[] = [];
    let stuck = false;
    this.#finishAll(failures, (of) => {
      stuck = true;
      missing.push(...of);
    });
    return { failures, missing, stuck };
  }

  /** Results of the steps until now. */
  get results(): ReadonlyMap<IrStep, Result> {
    return new Map([...this.#results].flatMap(([step, result]) => (result === "running" ? [] : [[step, result]])));
  }

  /** Reports whether the guards that need no step let the response through. */
  admits(): boolean {
    const guards = this.place.message.steps.filter((step) => step.source?.kind === "guard");
    return guards.every((step) => !this.#immediate(step) || this.#guard(step) === "passed");
  }

  #finishAll(failures: Failure[], wait: (missing: readonly Missing[]) => void): void {
    const { steps } = this.place.message;
    const guards = steps.filter((step) => step.source?.kind === "guard");
    for (const step of steps) {
      if (step.source?.kind === "guard") continue;
      if (!this.#caseOnly.has(step) && !this.#oneofOnly.has(step)) this.#finish(step, failures, wait);
    }
    // Steps of oneof members that may be chosen start, whichever member is chosen in the end.
    const choosable = this.#choosable();
    for (const [step, members] of this.#oneofOnly)
      if (!this.#caseOnly.has(step) && !members.isDisjointFrom(choosable)) this.#finish(step, failures, wait);
    // Case-only steps that were reached count; those read only through such steps may have run, whatever came of it.
    for (const [step, { kind }] of this.#caseOnly) {
      if (this.#results.has(step)) this.#finish(step, failures, wait);
      else if (kind === "through") this.step(step);
    }
    for (const step of guards) if (!this.#immediate(step)) this.#guard(step);
  }

  /** Members whose `if` holds, or that have none, with none before them whose `if` holds; a default comes last. */
  #choosable(): ReadonlySet<IrField> {
    const found = new Set<IrField>();
    for (const group of Map.groupBy(this.place.message.fields, ({ desc }) => desc.oneof).values()) {
      if (group[0]?.desc.oneof === undefined) continue;
      const isDefault = (member: IrField): boolean => member.default?.value === true;
      for (const member of [...group.filter((field) => !isDefault(field)), ...group.filter(isDefault)]) {
        if (member.if === undefined) {
          found.add(member);
          continue;
        }
        const condition = this.evaluate(member.if.value);
        // A condition without a value fails the response, or leaves it waiting, by itself.
        if (condition.state === "failed" || condition.state === "dead") break;
        if (condition.state === "absent" || condition.value !== true) continue;
        found.add(member);
        break;
      }
    }
    return found;
  }

  /** All of the message, as a function supplies it. */
  #whole(): Result {
    const result = this.supplied(undefined);
    if (result.state !== "value") return result;
    const { desc } = this.place.message;
    const target = reflect(desc, fromJson(desc, result.value as JsonValue));
    this.response.touched.set(target.message, suppliedEntries(target, result.taint));
    return value(target);
  }

  /**
   * Returns the value that a function supplies. The function gets every argument, and every step of the message or
   * those that it declares to read. The taint of each of them is the taint of its value.
   */
  supplied(field: DescField | undefined): Result {
    const { desc, steps, fields, reads } = this.place.message;
    const taint: Taint[] = [];
    const values: Record<string, CelInput> = {};
    const selection = field === undefined ? reads : fields.find((candidate) => candidate.desc === field)?.reads;
    const all = steps.flatMap((step) => (step.source?.kind === "guard" ? [] : (step.name?.value ?? [])));
    for (const name of selection?.steps.map((step) => step.value) ?? all) {
      const result = this.read(name, noLocals);
      if (result === undefined) throw new Error(`no step ${name}`);
      if (result.state === "failed" || result.state === "dead") return dead;
      taint.push(...result.taint);
      if (result.state === "value") taint.push(...result.inner);
      if (result.state === "value") values[name] = result.value;
    }
    const args: Record<string, CelInput> = {};
    if (this.args.kind === "request") for (const [name, of] of members(value(this.args.message))) args[name] = of.value;
    else
      for (const [name, of] of this.args.names) {
        if (of.state === "value" || of.state === "absent") taint.push(...of.taint);
        if (of.state === "value") args[name] = of.value;
      }
    const run = this.response.resolvers.get(field === undefined ? desc.typeName : `${desc.typeName}.${field.name}`);
    const absent = field !== undefined && canBeAbsent(field);
    try {
      const of = run?.(args, values);
      if (of === undefined && !absent) throw new Error("no value");
      return of === undefined ? { state: "absent", taint } : value(of as CelInput, taint);
    } catch (thrown) {
      if (thrown instanceof Refused) {
        this.response.refusals.push(thrown.status);
        return dead;
      }
      const cause = { cause: invalid, rank: steps.length, leftOut: false, soft: false } as const;
      if (absent) return { state: "absent", taint: [...taint, cause] };
      return { state: "failed", failures: [{ status: { code: INTERNAL, message: undefined }, cause: invalid }], taint };
    }
  }

  #finish(step: IrStep, failures: Failure[], wait: (missing: readonly Missing[]) => void): void {
    const result = this.step(step);
    if (result.state === "failed") failures.push(...result.failures);
    const { program } = this.response;
    const waitedFor =
      !isSupplementary(step) || program.stepHasEffect(this.place, step) || program.decides(this.place, step);
    if (result.state === "dead" && waitedFor) wait(result.missing);
  }

  // ---- guards ----

  /** Reports whether a guard of the message holds. */
  get #refused(): boolean {
    return [...this.#guards.values()].includes("held");
  }
  #immediate(step: IrStep): boolean {
    return isImmediate(this, step);
  }
  #guard(step: IrStep): Verdict {
    const before = this.#guards.get(step);
    if (before !== undefined) return before;
    const verdict = evaluateGuard(this, step, step.source as IrGuard);
    this.#guards.set(step, verdict);
    return verdict;
  }

  /**
   * Reports whether a call with side effects must not start. The reason is a guard, or a critical step that does not
   * depend on the call, of this message or one around it.
   */
  blocked(step: IrStep | undefined): boolean {
    const free = step === undefined ? [] : [step, ...this.#besides(step)];
    for (const other of this.place.message.steps) {
      if (other === step || this.#results.get(other) === "running") continue;
      if (free.some((candidate) => other === candidate || restsOn(this.place.message, other, candidate))) continue;
      if (other.source?.kind === "guard") {
        if (this.#guard(other) !== "passed") return true;
      } else if (!isSupplementary(other) && !this.#caseOnly.has(other) && !this.#oneofOnly.has(other)) {
        const { state } = this.step(other);
        if (state === "failed" || state === "dead") return true;
      }
    }
    if (this.parent !== undefined) return this.parent.composition.blocked(this.parent.step);
    return this.place.shared === undefined && (this.response.shared?.blocked(undefined) ?? false);
  }

  /** Returns, for an unordered step, the other steps: its side effects do not wait for them. */
  #besides(step: IrStep): IrStep[] {
    if (step.unordered?.value !== true) return [];
    const { program } = this.response;
    return this.place.message.steps.filter(
      (other) => other !== step && other.unordered?.value === true && program.stepHasEffect(this.place, other),
    );
  }

  // ---- steps ----

  step(step: IrStep): Result {
    const before = this.#results.get(step);
    if (before === "running") throw new Error(`cycle through ${step.name?.value}`);
    if (before !== undefined) return before;
    this.#results.set(step, "running");
    const result = this.#modified(step);
    this.#results.set(step, result);
    return result;
  }

  #modified(step: IrStep): Result {
    for (const name of step.after) {
      const other = this.named(name.value);
      if (other !== undefined) this.step(other);
    }
    const ran = this.#conditional(step);
    let result = ran;
    if (ran.state === "failed" && isSupplementary(step)) {
      const failureTaints = ran.failures.map(
        ({ cause }): Taint => ({ cause, rank: step.index, leftOut: false, soft: false }),
      );
      // Several parts of it may have failed: the first is read.
      result = { state: "absent", taint: [...ran.taint, ...failureTaints], why: ran.failures[0]?.why };
    }
    if (result.state !== "absent" || step.fallback === undefined) return result;
    const fallback = this.evaluate(step.fallback.value);
    if (fallback.state !== "value") return fallback;
    return { ...fallback, taint: [...result.taint, ...fallback.taint], why: result.why };
  }

  #conditional(step: IrStep): Result {
    if (step.if === undefined) return this.#source(step);
    const condition = this.evaluate(step.if.value);
    if (condition.state !== "value") return condition;
    if (condition.value !== true) return { state: "absent", taint: condition.taint };
    return tainted(this.#source(step), condition.taint);
  }

  #source(step: IrStep): Result {
    switch (step.source?.kind) {
      case "by":
        return this.evaluate(step.source.by.value);
      case "call":
        return callResult(this, step, step.source, noLocals);
      case "compose":
        return this.compose(step, step.source, noLocals);
      case "each":
        return eachResult(this, step, step.source);
      case "switch":
        return this.#switch(step.source);
      default:
        throw new Error(`step ${step.name?.value} has no source`);
    }
  }

  #switch(source: IrSwitch): Result {
    let taint: readonly Taint[] = [];
    for (const branch of source.cases) {
      const condition = this.evaluate(branch.if?.value ?? "true");
      if (condition.state !== "value") return tainted(condition, taint);
      taint = [...taint, ...condition.taint];
      if (condition.value === true) return tainted(this.evaluate(branch.by?.value ?? "null"), taint);
    }
    return source.default === undefined
      ? { state: "absent", taint }
      : tainted(this.evaluate(source.default.value), taint);
  }

  compose(step: IrStep, source: IrCompose, locals: Locals): Result {
    const names = new Map<string, Result>();
    let others: Result = { state: "absent", taint: [] };
    for (const bind of source.args.filter((arg) => arg.spread !== undefined)) {
      const from = this.#argument(bind, bind.spread?.value ?? "", locals);
      if (from.state === "failed" || from.state === "dead") return from;
      if (from.state === "absent") others = from;
      else for (const [name, of] of this.spread(bind, from)) names.set(name, of);
    }
    const place = this.response.program.place(this.place.evaluator.message(source.message?.value ?? ""));
    for (const bind of source.args.filter((arg) => arg.name !== undefined)) {
      // The child does not wait for an argument that it does not read.
      if (!readsArgument(place, bind.name?.value ?? "")) continue;
      const argument = this.#argument(bind, bind.by?.value ?? "", locals);
      if (argument.state === "failed" || argument.state === "dead") return argument;
      names.set(bind.name?.value ?? "", argument);
    }
    const child = new Composition(this.response, place, { kind: "given", names, others }, { composition: this, step });
    const result = child.run();
    if (result.state !== "value") return result;
    return { ...result, inner: insideOf(result.value, this.response, step.index) };
  }

  /** Returns the members of a spread: arguments with presence also if they are unset. */
  spread(bind: IrBind, from: Value): [string, Value][] {
    const { args } = this;
    if (bind.spread?.value.trim() !== "args" || args.kind === "request") return members(from);
    return members(from).map(([name, of]) => [name, { ...of, unset: this.isUnset(name) }]);
  }

  /** Returns the value of an argument for the child; its taint has no order there. */
  #argument(bind: IrBind, by: string, locals: Locals): Result {
    const result = this.bound(bind, by, locals);
    if (result.state === "value") return { ...result, taint: asArgument(result.taint), inner: passedOn(result.inner) };
    return result.state === "absent" ? { ...result, taint: asArgument(result.taint) } : result;
  }

  /** A named value: left out when its `if` is false. */
  bound(bind: IrBind, by: string, locals: Locals): Result {
    if (bind.if === undefined) return this.evaluate(by, locals);
    const condition = this.evaluate(bind.if.value, locals);
    if (condition.state !== "value") return condition;
    if (condition.value !== true) {
      // A false `if` still waits for all steps that the expression names; a failed one stops it.
      const from = expression(by).reads.map(({ name }) => this.read(name, locals));
      return from.find((result) => result?.state === "dead") ?? { state: "absent", taint: condition.taint };
    }
    return tainted(this.evaluate(by, locals), condition.taint);
  }
}

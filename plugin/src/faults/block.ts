// One composed message, or what a service starts: its steps, evaluated when something reads them. No plan of its own, no concurrency, no
// time: calls end as the fault says.
import type {
  BehaviourReport,
  BindBehaviour,
  BlockBehaviour,
  ExpressionReport,
  SourceBehaviour,
  StepBehaviour,
  TreeReport,
} from "./behaviour.ts";
import { callResult } from "./call.ts";
import { eachResult } from "./each.ts";
import type { Ending } from "./endings.ts";
import { errorValue } from "./error-value.ts";
import { evaluate, type Sees, walked } from "./evaluate.ts";
import { composeFields } from "./fields.ts";
import {
  asArgument,
  type Cause,
  dead,
  type Failure,
  failed,
  inside,
  type Locals,
  lateIf,
  NO_LOCALS,
  type Result,
  type Taint,
  type Touched,
  tainted,
  type ValueResult,
  valueResult,
  type Why,
} from "./results.ts";
import { EvaluationError, fromReport, MapValue, MayFail, MessageValue, UNKNOWN, Untold, type Value } from "./values.ts";

/** What all blocks of one response share. */
export interface Response {
  readonly behaviour: BehaviourReport;
  /** How a call of this method ends. */
  readonly ending: (method: string) => Ending;
  /** The time that calls have, in milliseconds. */
  readonly forCallsMs: number;
  readonly headers: MapValue;
  readonly now: Value;
  /** Who calls; undefined: nobody that is known. */
  readonly principal: MessageValue | undefined;
  /** What functions of the user give, by name. */
  readonly functions: ReadonlyMap<string, Value>;
  /** Of the environment, by name. */
  readonly env: ReadonlyMap<string, Value>;
  /** Whether old answers stand in for failures where they may. */
  readonly remembered: boolean;
  /** Methods that are called. */
  readonly asked: Set<string>;
  /** Codes that guards and `fail` have failed the response with; those of guards of the root message first. */
  readonly guards: { readonly rank: number | undefined; readonly code: number }[];
  readonly refusals: number[];
  readonly touched: Touched;
  shared: Block | undefined;
}

type Args = ReadonlyMap<string, Result>;
/** Where requests come from. */
export const ADDRESS = "192.0.2.1";
/** DEADLINE_EXCEEDED */
const LATE = 4;
/** Steps of the service count as declared before those of messages. */
const BEFORE = -1_000_000;

export class Block {
  readonly response: Response;
  readonly report: BlockBehaviour;
  readonly args: Args;
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
  readonly #strict: boolean;
  readonly #guards = new Map<StepBehaviour, boolean>();

  constructor(
    response: Response,
    report: BlockBehaviour,
    given: {
      readonly args: Args;
      readonly request?: Value;
      readonly parent?: Block;
      readonly starts?: readonly string[];
      readonly late?: boolean;
      readonly step?: StepBehaviour;
      /** It decides who may call. */
      readonly strict?: boolean;
    },
  ) {
    this.response = response;
    this.report = report;
    this.args = given.args;
    this.request = given.request;
    this.parent = given.parent;
    this.starts = given.starts;
    this.by = given.step;
    this.#startsLate = given.late === true;
    this.#strict = given.strict === true;
  }

  // ---- the whole ----

  /** Gives the message, with its entries in `touched`. */
  compose(type: string): Result {
    if (!this.admits()) return dead;
    const failures: Failure[] = [];
    if (!this.finish(failures)) return failures.length > 0 ? { state: "failed", failures, taint: [] } : dead;
    const { fields, entries, results } = composeFields(this);
    for (const result of results) if (result.state === "failed") failures.push(...result.failures);
    if (failures.length > 0) return { state: "failed", failures, taint: [] };
    if (results.some(({ state }) => state === "dead")) return dead;
    const made = new MessageValue(type, fields);
    this.response.touched.set(made, entries);
    return lateIf(
      valueResult(made),
      [...this.#results.values(), ...results].some(({ late }) => late),
    );
  }

  /** Whether the guards that need no step let the response through. */
  admits(): boolean {
    return this.#started().every((step) => step.immediate !== true || this.#guard(step));
  }

  /** Runs what nobody has to read. False: the response does not go on. */
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

  /** Members whose `if` holds, or that have none, with none before them whose `if` holds; a default comes last. */
  #choosable(): ReadonlySet<string> {
    const found = new Set<string>();
    for (const target of this.report.fields) {
      if (!("oneof" in target)) continue;
      for (const member of [
        ...target.members.filter((one) => !one.default),
        ...target.members.filter((one) => one.default),
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
    const passes = this.#judge(step);
    this.#guards.set(step, passes);
    return passes;
  }
  #judge(step: StepBehaviour): boolean {
    const { source } = step;
    if (source.kind !== "guard") return true;
    const rank = this.parent !== undefined ? undefined : step.index + (this.starts === undefined ? 0 : BEFORE);
    for (const one of [step.if, source.if]) {
      if (one === undefined) continue;
      const result = this.condition(one);
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
  /** Whether it begins when the time for calls is over. */
  isLate(step: StepBehaviour): boolean {
    return this.#late.has(step);
  }
  /** What it waits for is late. */
  waits(step: StepBehaviour): void {
    this.#late.add(step);
  }
  /** Whether side effects of a step wait for something late: guards and critical steps that do not rest on it, here and around. */
  clearsLate(step: StepBehaviour | undefined): boolean {
    const late = this.#started().some((other) => {
      if (other === step || this.#running.has(other) || other.supplementary || other.only_in_case || other.only_for)
        return false;
      // What rests on a step that has begun, on this one or on one that is unordered with it, does not come before.
      if ([...this.#running].some((begun) => this.#restsOn(other, begun))) return false;
      if (other.source.kind !== "guard") return this.step(other).late === true;
      return [other.if, other.source.if].some((one) => one !== undefined && this.evaluate(one).late);
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
      const own = failures.map(({ cause }): Taint => ({ cause, rank: step.index, leftOut: false, soft: false }));
      result = { state: "absent", taint: [...taint, ...own], why: failures[0]?.why };
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
        return this.#switch(source);
      case "resolver":
        return this.#supplied(step, source);
      case "latest":
        throw new Untold(`the newest item for \`${source.key.text}\` is not known`);
      case "guard":
        throw new Error("a guard has no value");
    }
  }

  #switch(source: SourceBehaviour & { readonly kind: "switch" }): Result {
    let taint: readonly Taint[] = [];
    for (const one of source.cases) {
      const condition = this.condition(one.if);
      if (condition.state !== "value") return tainted(condition, taint);
      taint = [...taint, ...condition.taint];
      if (condition.value === true) return tainted(this.evaluate(one.by), taint);
    }
    return source.default === undefined ? { state: "absent", taint } : tainted(this.evaluate(source.default), taint);
  }

  /** A function of the user: what stands in for it gives the same, whatever it is given; it is not run when no time is left. */
  #supplied(step: StepBehaviour, { reads, gives }: SourceBehaviour & { readonly kind: "resolver" }): Result {
    const taint: Taint[] = [];
    for (const given of this.args.values())
      if (given.state === "value" || given.state === "absent") taint.push(...given.taint);
    for (const name of reads) {
      const result = this.read(name, NO_LOCALS);
      if (result?.state === "failed" || result?.state === "dead") return dead;
      if (result === undefined) continue;
      if (result.late) this.waits(step);
      taint.push(...result.taint, ...(result.state === "value" ? result.inner : []));
    }
    if (!this.isLate(step)) return valueResult(fromReport(gives), taint);
    const cause: Cause = { reason: "TIMEOUT", upstream: "" };
    return { state: "failed", failures: [{ code: LATE, cause, why: { ...cause, code: LATE } }], taint };
  }

  #composed(step: StepBehaviour, source: SourceBehaviour & { readonly kind: "compose" }, locals: Locals): Result {
    const args = new Map<string, Result>();
    for (const bind of source.args) {
      const given = this.bound(bind, locals);
      if (given.state === "failed" || given.state === "dead") return given;
      args.set(
        bind.name,
        given.state === "value"
          ? { ...given, taint: asArgument(given.taint), inner: asArgument(given.inner) }
          : { ...given, taint: asArgument(given.taint) },
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
    const entries = result.value instanceof MessageValue ? (this.response.touched.get(result.value) ?? []) : [];
    return { ...result, inner: inside(entries, step.index) };
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

  /** What decides: it has to be known. Throws Untold. */
  condition(expression: ExpressionReport, locals: Locals = NO_LOCALS): Result {
    const result = this.evaluate(expression, locals);
    if (result.state === "value" && result.value === UNKNOWN) throw new Untold(`\`${expression.text}\` decides`);
    return result;
  }

  /** Part of an expression; undefined where it is an error. */
  part(tree: TreeReport): Value | undefined {
    try {
      return evaluate(tree, this.#sees(NO_LOCALS));
    } catch (error) {
      if (error instanceof EvaluationError || error instanceof MayFail) return undefined;
      throw error;
    }
  }

  /** An expression, unless it reads unsafely what is absent. */
  evaluate(expression: ExpressionReport, locals: Locals = NO_LOCALS): Result {
    const found = new Map<string, Result>();
    for (const { name } of expression.reads) {
      const result = this.read(name, locals);
      if (result !== undefined) found.set(name, result);
    }
    const results = [...found.values()];
    const late = results.some((result) => result.late);
    return lateIf(this.#evaluated(expression, found, locals), late);
  }
  #evaluated(expression: ExpressionReport, found: ReadonlyMap<string, Result>, locals: Locals): Result {
    const results = [...found.values()];
    if (results.some(({ state }) => state === "dead" || state === "failed")) return dead;
    const taint = results.flatMap((result) => (result.state === "dead" ? [] : result.taint));
    const inner = results.flatMap((result) => (result.state === "value" ? result.inner : []));
    if (expression.reads.some(({ name, safe }) => !safe && found.has(name) && found.get(name)?.state !== "value"))
      return { state: "absent", taint: [...taint, ...inner], why: this.wanting([expression], locals) };
    const sees = this.#sees(locals);
    try {
      const { value, unset } = expression.path
        ? walked(expression.tree, sees)
        : { value: evaluate(expression.tree, sees), unset: false };
      const bare = expression.path === true && "name" in expression.tree && found.has(expression.tree.name);
      return valueResult(value, bare ? taint : [...taint, ...inner], { inner: bare ? inner : [], unset });
    } catch (error) {
      if (error instanceof MayFail) throw new Untold(`\`${expression.text}\` may be an error`);
      return failed(error, [...taint, ...inner]);
    }
  }

  /** Why something is left out: the failure of the first declared step that it lacks and that has one. */
  wanting(expressions: readonly ExpressionReport[], locals: Locals): Why | undefined {
    const lacking = expressions.flatMap(({ reads }) =>
      reads.flatMap(({ name, safe }) => {
        if (safe || locals.has(name) || name.startsWith("args.")) return [];
        const result = this.read(name, locals);
        const rank = this.named(name)?.index ?? BEFORE;
        return result?.state === "absent" && result.why !== undefined ? [{ rank, why: result.why }] : [];
      }),
    );
    return lacking.sort((a, b) => a.rank - b.rank)[0]?.why;
  }

  read(name: string, locals: Locals): Result | undefined {
    const local = locals.get(name);
    if (local !== undefined) return local;
    if (name.startsWith("args.")) return this.args.get(name.slice("args.".length)) ?? MISSING;
    const step = this.named(name);
    if (step === undefined) return this.#shared(name) ?? this.#caller(name);
    const result = this.step(step);
    return result.state === "failed" ? dead : result;
  }
  #caller(name: string): Result | undefined {
    const { principal } = this.response;
    if (name === "peer.address") return valueResult(ADDRESS);
    if (name !== "principal") return undefined;
    return principal === undefined ? { state: "absent", taint: [] } : valueResult(principal);
  }
  /** A step of the service: what touched it counts as one with it. */
  #shared(name: string): Result | undefined {
    const { shared } = this.response;
    const step = this.starts === undefined ? shared?.named(name) : undefined;
    if (shared === undefined || step === undefined) return undefined;
    const result = shared.step(step);
    if (result.state === "failed" || result.state === "dead") return dead;
    const rank = BEFORE + step.index;
    const one = (taints: readonly Taint[]): Taint[] => taints.map((taint) => ({ ...taint, rank }));
    if (result.state === "absent") return { ...result, taint: one(result.taint) };
    return { ...result, taint: one(result.taint), inner: one(result.inner) };
  }

  #sees(locals: Locals): Sees {
    const found = (name: string): ValueResult | undefined => {
      const result = this.read(name, locals);
      return result?.state === "value" ? result : undefined;
    };
    return {
      strict: this.#strict,
      own: (name) => this.response.functions.get(name) ?? UNKNOWN,
      value: (name) => {
        if (name === "args") return this.request ?? UNKNOWN;
        if (name === "now") return this.response.now;
        if (name === "headers") return this.response.headers;
        if (name.startsWith("env.")) return this.response.env.get(name.slice("env.".length)) ?? UNKNOWN;
        if (name.startsWith("error.")) {
          const error = found("error")?.value;
          const member = name.slice("error.".length);
          return error instanceof MapValue ? (error.entries.find(([key]) => key === member)?.[1] ?? UNKNOWN) : UNKNOWN;
        }
        const result = found(name);
        return result === undefined ? UNKNOWN : result.value;
      },
      ok: (name) => found(name) !== undefined,
      set: (name) => {
        const result = found(name);
        return result !== undefined && !result.unset;
      },
      failure: (name) => {
        const result = this.read(name, locals);
        const why = result?.state === "value" || result?.state === "absent" ? result.why : undefined;
        return why === undefined ? undefined : errorValue(why);
      },
    };
  }
}

/** An argument that nobody gives: a field of the request that is unset. */
const MISSING: Result = valueResult(UNKNOWN, [], { unset: true });

/** Everything that a step reads or comes after, by name. */
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

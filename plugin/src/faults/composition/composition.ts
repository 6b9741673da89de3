// A block as the evaluation of its parts sees it.
import type {
  BehaviourReport,
  BindBehaviour,
  BlockBehaviour,
  ExpressionReport,
  SourceBehaviour,
  StepBehaviour,
} from "../behaviour.ts";
import type { Decide } from "../values/decisions.ts";
import type { Ending } from "../values/endings.ts";
import type { Failure, Locals, Result, Touched } from "../values/results.ts";
import type { MapValue, MessageValue, Value } from "../values/values.ts";

/** A call of a step, with the values of its inputs as far as expressions give them. */
export interface StepCall {
  readonly step: StepBehaviour;
  readonly inputs: readonly Value[];
}

/** State that all blocks of one response share. */
export interface Response {
  readonly behaviour: BehaviourReport;
  /** Takes decisions over unknown values. */
  readonly decide: Decide;
  /** Returns the ending of a call of this method. */
  readonly ending: (method: string, call?: StepCall) => Ending;
  /** The time that calls have, in milliseconds. */
  readonly forCallsMs: number;
  readonly headers: MapValue;
  readonly now: Value;
  /** The caller. Undefined: not authenticated. */
  readonly principal: MessageValue | undefined;
  /** Results of the user's functions, by name. */
  readonly functions: ReadonlyMap<string, Value>;
  /** Environment variables, by name. */
  readonly env: ReadonlyMap<string, Value>;
  /** True if stale answers replace failures where the plan allows them. */
  readonly remembered: boolean;
  /** Methods that are called. */
  readonly calledMethods: Set<string>;
  /** Codes that guards and `fail` have failed the response with; those of guards of the root message first. */
  readonly guards: { readonly rank: number | undefined; readonly code: number }[];
  readonly refusals: number[];
  readonly touched: Touched;
  shared: Composition | undefined;
}

export type ArgResults = ReadonlyMap<string, Result>;

/** One composed message, or the steps that a service starts. Steps are evaluated when something reads them. */
export interface Composition {
  readonly response: Response;
  readonly report: BlockBehaviour;
  readonly args: ArgResults;
  /** `args` as a whole if it is the request. */
  readonly request: Value | undefined;
  /** Undefined: a message. */
  readonly starts: readonly string[] | undefined;
  /** True if it decides on admission. */
  readonly strict: boolean;
  /** Returns true if the guards that need no step admit the response. */
  admits(): boolean;
  /** Runs the steps that no field reads. Returns false if the response ends. */
  finish(failures: Failure[]): boolean;
  step(step: StepBehaviour): Result;
  /** Returns true if the step begins after the time for calls is over. */
  isLate(step: StepBehaviour): boolean;
  /** Marks the step as late, because it waits for something late. */
  waits(step: StepBehaviour): void;
  /**
   * Returns true if side effects of a step wait for something late. They wait for guards and critical steps that do not
   * depend on it, in this block and around it.
   */
  clearsLate(step: StepBehaviour | undefined): boolean;
  named(name: string): StepBehaviour | undefined;
  source(step: StepBehaviour, source: SourceBehaviour, locals: Locals): Result;
  /** A named value: left out when its `if` is false. */
  bound(bind: BindBehaviour, locals: Locals): Result;
  /** Takes a decision over an expression whose value is unknown; once for each expression without variables. */
  decide(expression: ExpressionReport, locals: Locals, isError: boolean): boolean;
  /** Evaluates a condition; an unknown one is decided. */
  condition(expression: ExpressionReport, locals?: Locals): Result;
  /** Its value, unless it reads unsafely what is absent. */
  evaluate(expression: ExpressionReport, locals?: Locals): Result;
}

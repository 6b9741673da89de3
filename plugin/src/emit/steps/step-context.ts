// Context for printing steps, and printed origins of failures.

import { type Expression, type FieldRead, pathText, type Read } from "../../cel/index.ts";
import { allSteps } from "../../plan/check/max-calls.ts";
import { handedOn, originsOf } from "../../plan/messages/origins.ts";
import type { Condition, PlanBlock, PlanMessage, PlanStep, TouchOrigin } from "../../plan/model/messages.ts";
import type { PlanStart } from "../../plan/model/plan.ts";
import { upperFirst } from "../../plan/names/name-scope.ts";
import { camel } from "../../text/camel.ts";
import type { MessageNames } from "../names/message-names.ts";
import { type Line, type Lines, mentions } from "../text/lines.ts";
import { absentTest } from "../values/absence.ts";

export interface StepContext {
  readonly message: PlanBlock & Partial<Pick<PlanMessage, "keptFor"> & Pick<PlanStart, "neededFor">>;
  readonly names: MessageNames;
  /** The plan of a composed message, by type name. */
  readonly planned: (typeName: string) => PlanMessage | undefined;
  /** Returns the printed origins of an argument. */
  readonly origins: (expressions: readonly (Expression | undefined)[]) => Line[];
  /** Returns the steps whose composed values are among these origins: the values must be present. */
  readonly composed: (expressions: readonly (Expression | undefined)[]) => readonly PlanStep[];
  /** Lazy steps whose promise, or value, a touch needs outside. */
  readonly hoisted: Hoisted;
  /** Returns the steps of the service that a composed message receives. */
  readonly shared: (child: PlanMessage) => Line;
  /** Guards whose promises something else needs. */
  readonly needed?: readonly PlanStep[];
  /** Wraps a step's promise with the possible origins of its touches. */
  readonly rests?: (step: PlanStep, started: Lines) => Lines;
}

export function stepContext(
  message: StepContext["message"] & Partial<Pick<PlanMessage, "shared">>,
  names: MessageNames,
  planned: StepContext["planned"],
  touches: readonly Pick<PlanMessage["touches"][number], "origins">[],
): StepContext {
  const byStep = new Map([...(message.shared ?? []), ...allSteps(message.steps)].map((step) => [step.step, step]));
  const origins = originsOf({
    composed: message.composed,
    planned: (step) => byStep.get(step) ?? fail(step.name ?? ""),
    degradable: (name) => planned(name)?.degradable ?? false,
    isComposed: (name) => planned(name) !== undefined,
  });
  const handed = handedOn(message.composed, (name) => planned(name)?.tainted ?? [], origins);
  const hoisted = hoistedBy([...touches, ...handed]);
  return {
    message,
    names,
    planned,
    origins: (expressions) =>
      origins.ofArguments(expressions).map((origin) => originPrint(origin, hoisted, names, "cx.degraded && ")),
    composed: (expressions) =>
      origins
        .ofArguments(expressions)
        .flatMap(({ origin }) => (origin.kind === "within" && !hoisted.value.has(origin.step) ? [origin.step] : [])),
    hoisted,
    shared: () => ["shared"],
  };
}
function fail(name: string): never {
  throw new Error(`step "${name}" is not planned`);
}

/** Returns the local name of a service's step: its promise, or a plain value. */
export const sharedLocal = ({ name, sync }: Pick<PlanStep, "name" | "sync">): string => (sync ? name : `${name}Step`);
/** Prints the local name as a property of the object with a service's steps. */
export function sharedProperty({ step, sync }: PlanStep, { sharedNames }: Pick<PlanBlock, "sharedNames">): string {
  const name = sharedNames.get(step.name ?? "") ?? camel(step.name ?? "");
  return sync ? name : `${name}Step`;
}

/** Variables that touches need outside of the case that sets them. */
export function hoistedLines({ promise, value }: Hoisted): Lines {
  return [
    ...[...promise].map((step): Line => [`let ${step.name}Started: Promise<unknown> | undefined;`]),
    ...[...value].map((step): Line => [`let ${step.name}Inside: unknown;`]),
  ];
}

export interface Hoisted {
  readonly promise: ReadonlySet<PlanStep>;
  readonly value: ReadonlySet<PlanStep>;
  /** Returns the replacement for a step's promise. */
  readonly step?: (step: PlanStep) => string | undefined;
}
/** Returns the steps that only a case starts: touches are outside of it. */
function hoistedBy(touches: readonly Pick<PlanMessage["touches"][number], "origins">[]): Hoisted {
  const promise = new Set<PlanStep>();
  const value = new Set<PlanStep>();
  for (const { origin } of touches.flatMap((touch) => touch.origins)) {
    if (!("step" in origin) || !origin.step.onlyInCase) continue;
    (origin.kind === "step" ? promise : value).add(origin.step);
  }
  return { promise, value };
}

/** @param check test before the search for touched fields; undefined if it has been made */
export function originPrint(
  { origin, leftOut, when }: TouchOrigin,
  hoisted: Hoisted,
  names: MessageNames,
  check = "",
): Line {
  const plain: Line = plainOrigin(origin, hoisted, names, check);
  const token: Line = ["cx.leftOut(", ...plain, ")"];
  const test = when.map(conditionPrint).join(" && ");
  if (typeof leftOut !== "boolean") {
    const lacks = leftOut.map(({ name }) => `${name}Lacks`).join(" || ");
    const either: Line =
      origin.kind === "arg"
        ? [`${lacks} ? [`, ...token, `] : from.${camel(origin.name)}`]
        : [`${lacks} ? `, ...token, " : ", ...plain];
    if (origin.kind === "arg") return ["...(", ...(test === "" ? [] : [`!(${test}) ? [] : `]), ...either, ")"];
    return test === "" ? either : [`${test} && (`, ...either, ")"];
  }
  const marked = leftOut ? token : plain;
  if (test === "") return marked;
  if (origin.kind === "arg" && !leftOut) return [`...(${test} ? from.${camel(origin.name)} : [])`];
  return [`${test} && `, ...marked];
}
function plainOrigin(origin: TouchOrigin["origin"], hoisted: Hoisted, names: MessageNames, check: string): Line {
  switch (origin.kind) {
    case "arg":
      return [`...from.${camel(origin.name)}`];
    case "step": {
      const { step } = origin;
      return [hoisted.step?.(step) ?? `${step.name}${hoisted.promise.has(step) ? "Started" : "Step"}`];
    }
    case "within": {
      const { step, reads } = origin;
      return readPrint([hoisted.value.has(step) ? `${step.name}Inside` : step.name], reads, check);
    }
    case "within arg":
      return readPrint([names.variable(origin.arg)], origin.reads, check);
  }
}
/** Prints a value of which only some fields are read. `?` after a message's path: only whether there is a value. */
function readPrint(value: Line, reads: readonly FieldRead[], check: string): Line {
  if (reads.some(({ path, whole }) => whole && path.length === 0)) return value;
  const paths = reads
    .filter(({ path }) => path.length > 0)
    .map(({ path, whole }) => `${pathText(path)}${whole || path.at(-1)?.message === undefined ? "" : "?"}`);
  const all = new Set(paths);
  const distinct = [...all].filter((path) => !path.endsWith("?") || !all.has(path.slice(0, -1))).sort();
  return [`${check}cx.reads(`, ...value, ...distinct.map((path) => `, ${JSON.stringify(path)}`), ")"];
}
function conditionPrint(condition: Condition): string {
  const { name } = condition.step;
  if (condition.kind === "chosen") return `${name}Case === ${condition.index}`;
  if (condition.kind === "asked") return `${name}Case >= ${condition.index}`;
  return name + upperFirst(condition.kind);
}

/** A place in the code, with the values that are already awaited there. */
export class CodePlace {
  readonly #awaited: Set<PlanStep>;
  constructor(outer?: CodePlace) {
    this.#awaited = new Set(outer?.awaited);
  }
  get awaited(): Iterable<PlanStep> {
    return this.#awaited;
  }
  /** `const a = await aStep;` for each that is not there yet. */
  await(steps: Iterable<PlanStep>): Lines {
    const fresh = [...steps].filter((step) => !step.sync && !this.#awaited.has(step));
    for (const step of fresh) this.#awaited.add(step);
    return fresh.map((step) => [`const ${step.name} = await ${step.name}Step;`]);
  }
  /** Awaits the reads of expressions, and other steps. A step whose value is not read only has to have ended. */
  reads(cx: StepContext, expressions: readonly (Expression | undefined)[], others: readonly PlanStep[] = []): Lines {
    const reads = expressions.flatMap((expression) => expression?.reads ?? []);
    const values = stepsOf(cx, reads.filter(readsValue));
    for (const other of others) values.add(other);
    const all = [...stepsOf(cx, reads).union(values)].sort((a, b) => a.step.index - b.step.index);
    return all.flatMap((step): Lines => {
      if (values.has(step)) return this.await([step]);
      return this.#awaited.has(step) ? [] : [[`await ${step.name}Step;`]];
    });
  }
}

/**
 * Returns false for a read of a failure, or of the presence of a value that is never absent, which is printed as a
 * constant.
 */
const readsValue = ({ kind, variable }: Read): boolean => kind !== "failure" && (kind !== "ok" || variable.absent);

/** Prints `const a = await aStep;` if the lines after it read the value. */
export const awaitIn = (steps: readonly PlanStep[], after: Lines): Lines =>
  steps
    .filter((step) => !step.sync)
    .map((step) => [`${mentions(after, step.name) ? `const ${step.name} = ` : ""}await ${step.name}Step;`]);

/** Returns the steps that the reads refer to. */
function stepsOf({ names }: StepContext, reads: readonly Read[]): Set<PlanStep> {
  const found = new Set<PlanStep>();
  for (const { variable } of reads) {
    const read = names.step(variable);
    if (read !== undefined && !read.sync) found.add(read);
  }
  return found;
}

/** Waits for the reads of a step's expressions, and ends the step if an unsafe read finds no value. */
export function needs(
  step: PlanStep,
  cx: StepContext,
  place: CodePlace,
  expressions: readonly (Expression | undefined)[],
): Lines {
  return [...place.reads(cx, expressions), ...unlessThere(step, cx, expressions)];
}

/**
 * Prints `if (a === undefined) return undefined;`, or `return cx.without(mark, aStep);` if an expression reads the
 * reason.
 * @param first a statement before that
 */
export function unlessThere(
  step: PlanStep,
  { names }: StepContext,
  expressions: readonly (Expression | undefined)[],
  first = "",
): Lines {
  const end = (value: string): string => (first === "" ? `) return ${value};` : `) { ${first}return ${value}; }`);
  const unsafe = [...new Set(expressions.flatMap((expression) => expression?.unsafe ?? []))];
  const tests = unsafe.map((variable) => absentTest(variable, names));
  const failing = unsafe.flatMap((variable) => (variable.failure && names.step(variable)) ?? []);
  if (!step.explained || failing.length === 0) return tests.map((test) => ["if (", ...test, end("undefined")]);
  const all = tests.flatMap((test, i): Line => (i === 0 ? test : [" || ", ...test]));
  const steps = failing
    .sort((a, b) => a.step.index - b.step.index)
    .map(({ name }) => (unsafe.length === 1 ? `${name}Step` : `${name} === undefined && ${name}Step`));
  return [["if (", ...all, end(`cx.without(mark, ${steps.join(", ")})`)]];
}

/** `await cx.ended(…)` for the steps that `after` names. */
export function awaitAfter(step: PlanStep, { names }: StepContext): Lines {
  const steps = step.step.after.flatMap(({ variable }) => (variable === undefined ? [] : (names.step(variable) ?? [])));
  const started = steps.filter((other) => !other.sync);
  return started.length === 0 ? [] : [[`await cx.ended(${started.map((other) => `${other.name}Step`).join(", ")});`]];
}

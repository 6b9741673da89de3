// Context for printing steps, and printed origins of failures.

import { type Expression, type FieldRead, pathText } from "../../cel/index.ts";
import { handedOn, originsOf } from "../../plan/messages/origins.ts";
import type { Condition, PlanBlock, PlanMessage, PlanStep, TouchOrigin } from "../../plan/model/messages.ts";
import type { PlanStart } from "../../plan/model/plan.ts";
import { upperFirst } from "../../plan/names/name-scope.ts";
import { camel } from "../../text/camel.ts";
import type { MessageNames } from "../names/message-names.ts";
import type { Line, Lines } from "../text/lines.ts";

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
function allSteps(steps: readonly PlanStep[]): PlanStep[] {
  return steps.flatMap((step) => [step, ...allSteps(step.lazy.flat())]);
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

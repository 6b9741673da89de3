// Conditions under which the steps of selective messages run: the fields, of which an answer contains at least one.
import { reachable } from "../../graph/graph.ts";
import { composesOf, expressionsIn } from "../../resolve/model/blocks.ts";
import type { Composed, Step } from "../../resolve/model/model.ts";
import { fieldsOf, isAsItIs, placesOf } from "../../resolve/model/parts.ts";
import type { KeptFor, Need, PlanMessage, PlanStep } from "../model/messages.ts";
import { isAlwaysKept, keptSteps } from "./kept-steps.ts";

/** Returns the fields that need each step. Steps that always run are missing. */
export function keptFor(message: Omit<PlanMessage, "keptFor">): KeptFor {
  const { composed, shared, declared } = message;
  const always = new Set(keptSteps(message, new Set()));
  const conditional = [...shared, ...declared].filter((step) => !always.has(step));
  const fields = new Map(conditional.map((step): [PlanStep, string[]] => [step, []]));
  for (const { name } of fieldsOf({ targets: [...composed.targets.keys()] }, composed))
    for (const step of keptSteps(message, new Set([name]))) fields.get(step)?.push(name);
  return fields;
}

/**
 * Returns the fields that hold the composed value of a step: the selection of its message is theirs. Undefined if
 * anything else reads the value, which then has all fields.
 */
export function selectedThrough(step: Step, composed: Composed): readonly string[] | undefined {
  const places = placesOf(step, composed);
  const others = composed.steps.filter((other) => other !== step && other.reads.includes(step));
  const ofFields = expressionsIn({ steps: [], targets: composed.targets });
  const known = ofFields.every((expression) => isAsItIs(expression, step) || !readsValue([expression], step));
  const harmless = others.every(
    (other) => other.source.kind !== "resolver" && !readsValue(expressionsIn({ steps: [other], targets: [] }), step),
  );
  const placed = ofFields.filter((expression) => isAsItIs(expression, step)).length;
  return known && harmless && placed === places.length && placed > 0 ? places.map(({ name }) => name) : undefined;
}

function readsValue(expressions: ReturnType<typeof expressionsIn>, { variable }: Step): boolean {
  return expressions.some(({ reads }) =>
    reads.some((read) => read.variable === variable && read.kind !== "ok" && read.kind !== "failure"),
  );
}

/**
 * Returns the fields of a message that need a step outside of it.
 *
 * @param name of the step
 */
export function needOf(
  name: string,
  message: PlanMessage,
  planned: (typeName: string) => PlanMessage | undefined,
  seen: ReadonlySet<PlanMessage> = new Set(),
): Need {
  const { keptFor: kept, composed } = message;
  if (kept === undefined || seen.has(message)) return true;
  const paths: (readonly string[])[] = [];
  const needs = (step: PlanStep): boolean => {
    const fields = kept.get(step);
    for (const field of fields ?? []) paths.push([field]);
    return fields !== undefined;
  };
  for (const step of message.shared) if (step.step.name === name && !needs(step)) return true;
  for (const step of message.declared) {
    for (const { message: inner } of composesOf(step.step.source)) {
      const child = planned(inner.typeName);
      if (child === undefined || !child.shared.some((shared) => shared.step.name === name)) continue;
      const need = needOf(name, child, planned, new Set([...seen, message]));
      const through = selectedThrough(step.step, composed);
      if (need !== true && through !== undefined)
        for (const field of through) for (const path of need) paths.push([field, ...path]);
      else if (!needs(step)) return true;
    }
  }
  return paths;
}

/** Returns the names of handed-on steps that need each step of a block. Steps that always run are missing. */
export function neededFor(
  declared: readonly PlanStep[],
  gives: readonly { readonly name: string; readonly step: PlanStep }[],
): KeptFor {
  const before = (step: Step): readonly Step[] => [...step.reads, ...step.after];
  const kept = declared.filter(isAlwaysKept).map(({ step }) => step);
  const always = new Set(reachable(kept, before));
  const conditional = declared.filter(({ step }) => !always.has(step));
  const reached = gives.map(({ name, step }) => ({ name, steps: new Set(reachable([step.step], before)) }));
  return new Map(
    conditional.map((planStep) => [
      planStep,
      reached.flatMap((give) => (give.steps.has(planStep.step) ? [give.name] : [])),
    ]),
  );
}

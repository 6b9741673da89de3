// Conditions under which the steps of selective messages run: the fields, of which an answer contains at least one.

import type { Expression } from "../../cel/index.ts";
import { reachable } from "../../graph/graph.ts";
import type { OneofTarget, Target } from "../../model/conversion.ts";
import { composesOf, expressionsIn } from "../../resolve/model/blocks.ts";
import type { Composed, Step } from "../../resolve/model/model.ts";
import { expressionsOf, fieldsOf, isAsItIs, placesOf } from "../../resolve/model/parts.ts";
import type { KeptFor, Need, PlanMessage, PlanStep } from "../model/messages.ts";
import { latestOf } from "./latest.ts";

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

// "A selection of fields runs the steps that these fields need": finds these steps.

/**
 * Returns the steps that an answer with only some of a message's fields needs: the service's first, each group in order
 * of declaration. Guards, steps with side effects, nameless steps and a resolver of the whole message are always kept,
 * with all steps that they read or follow.
 *
 * @param fields proto names of kept fields; a name that the message lacks keeps nothing
 *
 * @example
 * keptSteps(dashboard, new Set(["title"])).map(({ name }) => name); // ["agent"]
 */
export function keptSteps(
  { composed, shared, declared }: Pick<PlanMessage, "composed" | "shared" | "declared">,
  fields: ReadonlySet<string>,
): readonly PlanStep[] {
  const stepOf = new Map([...composed.shared, ...composed.steps].map((step) => [step.variable, step]));
  const always = declared.filter(isAlwaysKept);
  // A side effect for some members of a oneof happens only if such a member may be chosen, kept or not.
  const ifs = always.flatMap(({ demand }) => demand?.ifs.map(({ if: condition }) => condition) ?? []);
  const read = [...composed.targets.flatMap((target) => neededBy(target, fields)), ...ifs].flatMap((expression) =>
    (expression?.reads ?? []).flatMap(({ variable }) => stepOf.get(variable) ?? []),
  );
  const latest = latestOf(composed);
  const roots = [...always.map(({ step }) => step), ...(latest === undefined ? [] : [latest]), ...read];
  const kept = new Set<Step>(reachable(roots, ({ reads, after }) => [...reads, ...after]));
  return [...shared, ...declared].filter(({ step }) => kept.has(step));
}

/** Returns true for a step that runs whatever a client selects. */
function isAlwaysKept({ step: { name, source }, effectful, lazy }: PlanStep): boolean {
  // A resolver of a field has no name, and runs for its field only.
  if (source.kind === "resolver") return source.field === undefined;
  // A switch decides about the side effects that only its cases read.
  return name === undefined || source.kind === "guard" || effectful || lazy.flat().some(isAlwaysKept);
}

/** Returns the expressions that decide and supply the kept fields of a target. */
function neededBy(target: Target, fields: ReadonlySet<string>): readonly (Expression | undefined)[] {
  if (target.kind === "field") return fields.has(target.field.name) ? expressionsOf(target) : [];
  const tried = [...target.members.filter((member) => !member.default), ...target.members.filter(isDefault)];
  const last = tried.findLastIndex(({ field }) => fields.has(field.name));
  return tried.slice(0, last + 1).flatMap((member) => {
    // The presence of its value decides about a member without `if`, and so about all later members.
    const decides = member.if === undefined && !member.default;
    return decides || fields.has(member.field.name) ? [member.if, member.bound.expression] : [member.if];
  });
}
const isDefault = (member: OneofTarget["members"][number]): boolean => member.default;

// "A selection of fields runs the steps that these fields need": finds these steps.

import type { Expression } from "../../cel/index.ts";
import { reachable } from "../../graph/graph.ts";
import type { OneofTarget, Target } from "../../model/conversion.ts";
import type { Step } from "../../resolve/model/model.ts";
import { expressionsOf } from "../../resolve/model/parts.ts";
import type { PlanMessage, PlanStep } from "../model/messages.ts";
import { latestOf } from "./latest.ts";

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
export function isAlwaysKept({ step: { name, source }, effectful, lazy }: PlanStep): boolean {
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

// Side effects of steps, and failures of steps that fail a response although it works without their values. Both
// include the messages that steps compose.
import { reachable } from "../../graph/graph.ts";
import { callsOf, composesOf } from "./blocks.ts";
import type { Composed, Step } from "./model.ts";

export interface EffectTable {
  readonly step: (step: Step) => boolean;
  readonly message: (message: Composed) => boolean;
  /**
   * Returns true if a step, even a supplementary one, may fail the response. The cause is a rule of its calls, or a
   * guard, a rule or a function in messages that it composes.
   */
  readonly decides: (step: Step) => boolean;
}

/** @param messages composers before what they compose */
export function effectTable(messages: readonly Composed[]): EffectTable {
  const effectful = new Set<string>();
  const step = ({ source }: Step): boolean =>
    callsOf(source).some((call) => call.effects !== "none") ||
    composesOf(source).some(({ message }) => effectful.has(message.typeName));
  const deciding = new Set<string>();
  const decides = ({ source }: Step): boolean =>
    callsOf(source).some((call) => call.onError.some(({ then }) => then.kind === "fail")) ||
    composesOf(source).some(({ message }) => deciding.has(message.typeName));
  const settles = (inside: Step): boolean =>
    inside.source.kind === "guard" || inside.source.kind === "resolver" || decides(inside);
  for (const { desc, steps } of [...messages].reverse()) {
    if (steps.some(step)) effectful.add(desc.typeName);
    if (steps.some(settles)) deciding.add(desc.typeName);
  }
  return { step, message: ({ desc }) => effectful.has(desc.typeName), decides };
}

/** Everything a step waits for, directly or through others: what it reads, and what it starts after. */
export function restsOn(step: Step): ReadonlySet<Step> {
  return new Set(reachable(directly(step), directly));
}

const directly = (step: Step): readonly Step[] => [...step.reads, ...step.after];

/** Those of `all` that wait for a step, directly or through others. */
export function restingOn(step: Step, all: readonly Step[], waitsFor = directly): ReadonlySet<Step> {
  const readers = new Map<Step, Step[]>();
  for (const reader of all)
    for (const other of waitsFor(reader)) {
      const known = readers.get(other);
      if (known === undefined) readers.set(other, [reader]);
      else known.push(reader);
    }
  return new Set(reachable(readers.get(step) ?? [], (reader) => readers.get(reader) ?? []));
}

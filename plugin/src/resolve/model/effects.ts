// Which steps have side effects, themselves or in what they compose.
import { reachable } from "../../graph.ts";
import type { Composed, Step } from "./model.ts";
import { callsOf, composesOf } from "./source-parts.ts";

export interface EffectTable {
  readonly step: (step: Step) => boolean;
  readonly message: (message: Composed) => boolean;
}

/** @param messages composers before what they compose */
export function effectTable(messages: readonly Composed[]): EffectTable {
  const effectful = new Set<string>();
  const step = ({ source }: Step): boolean =>
    callsOf(source).some((call) => call.effects !== "none") ||
    composesOf(source).some(({ message }) => effectful.has(message.typeName));
  for (const message of [...messages].reverse()) if (message.steps.some(step)) effectful.add(message.desc.typeName);
  return { step, message: ({ desc }) => effectful.has(desc.typeName) };
}

/** Everything a step waits for, directly or through others: what it reads, and what it starts after. */
export function restsOn(step: Step): ReadonlySet<Step> {
  return new Set(reachable(directly(step), directly));
}

const directly = (step: Step): readonly Step[] => [...step.reads, ...step.after];

/** Those of `all` that wait for a step, directly or through others. */
export function restingOn(step: Step, all: readonly Step[], waitsFor = directly): ReadonlySet<Step> {
  const readers = new Map<Step, Step[]>();
  for (const one of all)
    for (const other of waitsFor(one)) {
      const known = readers.get(other);
      if (known === undefined) readers.set(other, [one]);
      else known.push(one);
    }
  return new Set(reachable(readers.get(step) ?? [], (one) => readers.get(one) ?? []));
}

// Which steps have side effects, themselves or in what they compose.
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
  const found = new Set<Step>();
  const open = [step];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const next of [...at.reads, ...at.after]) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}

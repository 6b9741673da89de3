// Which steps have side effects, themselves or in what they compose.
import type { Composed, Step } from "./model.ts";
import { callsOf, composesOf } from "./source-parts.ts";

export interface EffectTable {
  readonly step: (step: Step) => boolean;
  readonly message: (message: Composed) => boolean;
}

export function effectTable(messages: readonly Composed[]): EffectTable {
  const byName = new Map(messages.map((message) => [message.desc.typeName, message]));
  const known = new Map<Composed, boolean>();
  const message = (composed: Composed): boolean => {
    const before = known.get(composed);
    if (before !== undefined) return before;
    const effectful = composed.steps.some(step);
    known.set(composed, effectful);
    return effectful;
  };
  const step = (candidate: Step): boolean =>
    callsOf(candidate.source).some((call) => call.effects !== "none") ||
    composesOf(candidate.source).some(({ message: desc }) => {
      const composed = byName.get(desc.typeName);
      return composed !== undefined && message(composed);
    });
  return { step, message };
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

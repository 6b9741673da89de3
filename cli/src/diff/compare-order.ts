// In which order side effects happen, and what holds them back.
import type { Block } from "./composition.ts";
import { changesOf, type FoundChange, phrase } from "./finding.ts";

const sideEffects = changesOf("side-effects");

/** Only of steps that both sides have, under the names of `after`. */
export function compareOrder(before: Block, after: Block): readonly FoundChange[] {
  const [from, to] = [effectsOf(before), effectsOf(after)];
  const both = [...to].filter((step) => from.has(step));
  const [had, has] = [predecessors(before), predecessors(after)];
  const found: FoundChange[] = [];
  for (const step of both) {
    for (const other of both) {
      const [first, now] = [had.get(step)?.has(other) === true, has.get(step)?.has(other) === true];
      if (first === now) continue;
      const turned = first && has.get(other)?.has(step) === true;
      if (turned)
        found.push(sideEffects.of("worse", phrase`${step} now comes before ${other}, and no longer after it`));
      else if (first) found.push(sideEffects.of("worse", phrase`${step} no longer waits for ${other}`));
      // A reversed order is reported for the other step.
      else if (had.get(other)?.has(step) !== true)
        found.push(sideEffects.of("different", phrase`${step} now waits for ${other}`));
    }
    for (const other of cleared(before, step))
      if (
        after.steps.some((step) => step.step === other) &&
        !cleared(after, step).has(other) &&
        has.get(step)?.has(other) !== true
      )
        found.push(sideEffects.of("worse", phrase`${step} no longer waits until ${other} has passed`));
  }
  return found;
}

const effectsOf = ({ steps }: Block): ReadonlySet<string> =>
  new Set(steps.filter(({ side_effects }) => side_effects === true).map(({ step }) => step));

const cleared = ({ edges }: Block, step: string): ReadonlySet<string> =>
  new Set(edges.filter(({ to, kind }) => to === step && kind === "clears").map(({ from }) => from));

/** Returns the steps for which each step with side effects waits, directly or not. */
function predecessors(block: Block): ReadonlyMap<string, ReadonlySet<string>> {
  const direct = Map.groupBy(
    block.edges.filter(({ kind }) => kind !== "clears"),
    ({ to }) => to,
  );
  return new Map(
    [...effectsOf(block)].map((step) => {
      const found = new Set<string>();
      const open = [step];
      for (let at = open.pop(); at !== undefined; at = open.pop())
        for (const { from } of direct.get(at) ?? []) {
          if (found.has(from)) continue;
          found.add(from);
          open.push(from);
        }
      return [step, found] as const;
    }),
  );
}

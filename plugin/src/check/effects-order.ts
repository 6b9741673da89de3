import type { Report } from "../diagnostic/diagnostic.ts";
import { effectTable, restsOn } from "../resolve/effects.ts";
import type { Model, Step } from "../resolve/model.ts";

/**
 * Calls with side effects in one response are only valid in a definite order: one reads the other or starts after it, directly or through
 * others; an `each` over one goes item by item.
 */
export function checkEffectsOrder(model: Model, report: Report): void {
  const effects = effectTable(model);
  for (const message of model.messages) {
    const steps = message.steps.filter(effects.step);
    for (const step of steps) {
      if (step.source.kind !== "each" || step.source.concurrent === 1) continue;
      const { source } = step.ir;
      report({
        code: "BFF504",
        severity: "error",
        message: `the items of ${name(step)} have side effects, and up to ${step.source.concurrent} run side by side`,
        at: (source?.kind === "each" ? source.concurrent?.at : undefined) ?? step.ir.at,
        hint: "add `concurrent: 1` to the `each`",
      });
    }
    const rests = new Map(steps.map((step) => [step, restsOn(step)]));
    for (const [i, later] of steps.entries()) {
      for (const earlier of steps.slice(0, i)) {
        if (rests.get(later)?.has(earlier) || rests.get(earlier)?.has(later)) continue;
        report({
          code: "BFF502",
          severity: "error",
          message: `${name(earlier)} and ${name(later)} have side effects, and nothing says which comes first`,
          at: later.ir.at,
          related: [{ at: earlier.ir.at, message: `${name(earlier)} is here` }],
          hint: `add \`after: "${earlier.name ?? "…"}"\` to ${name(later)}, or let one read the other`,
        });
      }
    }
  }
}
const name = (step: Step): string => (step.name === undefined ? `step ${step.index + 1}` : `step "${step.name}"`);

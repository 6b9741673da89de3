import { reachable } from "../../graph/graph.ts";
import { blocksOf, composedBy, effectTable, messagesByName } from "../../resolve/model/blocks.ts";
import type { Composed, Model, Step } from "../../resolve/model/model.ts";
import { type Check, nameOf } from "../check.ts";

/** `unordered` is of a step with side effects, which has another such step, or items, to be in no order with. */
export const unordered: Check = {
  rules: {
    BFF521:
      "`unordered` belongs to a step with side effects, beside another `unordered` step or over several items. Otherwise there is no order to waive.",
  },
  run(model, report) {
    const effects = effectTable(model.messages);
    const free = new Map(
      blocksOf(model).map((block) => [block, block.steps.filter((step) => step.unordered && effects.step(step))]),
    );
    const acrossService = besideService(model, (block) => free.get(block) ?? []);
    for (const [block, steps] of free) {
      for (const step of block.steps) {
        const at = step.ir.unordered?.at;
        if (!step.unordered || at === undefined) continue;
        const fault = (message: string, hint: string): void =>
          report({ code: "BFF521", severity: "error", message, at, hint });
        const { source } = step;
        if (!effects.step(step))
          fault(`${nameOf(step)} has no side effects, so it already waits for no other step`, "leave out `unordered`");
        else if (steps.length === 1 && !acrossService.has(step) && !(source.kind === "each" && source.concurrent !== 1))
          fault(
            `no other step beside ${nameOf(step)} is \`unordered\``,
            source.kind === "each"
              ? "leave it out, or allow more items at a time than `concurrent: 1`"
              : "leave it out, or add it also to the step that needs no order with this step",
          );
      }
    }
  },
};

/** The steps of services, and those of the messages that their rpcs compose, of which there are both. */
function besideService(
  model: Model,
  free: (block: Composed | Model["lets"][number]) => readonly Step[],
): ReadonlySet<Step> {
  const byName = messagesByName(model.messages);
  const children = ({ steps }: Composed): Composed[] => composedBy(steps, byName);
  const found = new Set<Step>();
  for (const service of model.files.flatMap(({ services }) => services)) {
    const shared = service.let === undefined ? [] : free(service.let);
    for (const method of service.methods) {
      const started = shared.filter((step) => method.shared.includes(step));
      const steps = reachable([method.composed], children).flatMap(free);
      if (started.length > 0 && steps.length > 0) for (const step of [...started, ...steps]) found.add(step);
    }
  }
  return found;
}

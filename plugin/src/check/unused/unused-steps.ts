import { caution } from "../../diagnostic/diagnostic.ts";
import { blocksOf, effectTable } from "../../resolve/model/blocks.ts";
import type { Step } from "../../resolve/model/model.ts";
import { type Check, fieldExpressions } from "../check.ts";

/** Reports a named step that no field, guard or other step reads, unless it runs for its effect. */
export const unusedSteps: Check = {
  rules: {
    BFF343: "A step is read. An unread step costs a call and its time without a result.",
  },
  run(model, report) {
    const effects = effectTable(model.messages);
    const shared = new Set(
      model.messages
        .flatMap((message) => message.shared)
        .flatMap(({ source }) => (source.kind === "shared" ? source.of : [])),
    );
    const decisive = new Set(model.permits.flatMap(({ rests }) => [...rests]));
    for (const message of blocksOf(model)) {
      const read = new Set<unknown>();
      for (const step of message.steps) for (const other of [...step.reads, ...step.after]) read.add(other);
      for (const { reads } of fieldExpressions(message)) for (const { variable } of reads) read.add(variable);
      for (const step of message.steps) {
        if (
          step.name === undefined ||
          step.source.kind === "guard" ||
          step.source.kind === "resolver" ||
          effects.step(step)
        )
          continue;
        if (message.kind === "let" && decisive.has(step.ir)) continue;
        if (shared.has(step) || read.has(step) || read.has(step.variable)) continue;
        // The message that reads the step has already been reported for it.
        if (message.kind === "let" && model.namedUncomposed.has(step.name)) continue;
        caution(report, "BFF343", step.ir.name?.at ?? step.ir.at, {
          message: `step "${step.name}" is never read`,
          hint: why(step),
        });
      }
    }
  },
};
function why(step: Step): string {
  return step.source.kind === "by" ? "remove it" : "remove it; or, if it runs only for its effect, remove its name";
}

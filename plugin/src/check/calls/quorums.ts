import type { Origin } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import type { IrEach } from "../../ir/step.ts";
import { blocksOf, callsOf, composedBy, effectTable, messagesByName } from "../../resolve/model/blocks.ts";
import type { Step } from "../../resolve/model/model.ts";
import { type Check, nameOf, stepExpressions } from "../check.ts";

/** Reports a `min` or `enough` that cannot take effect. */
export const quorums: Check = {
  rules: {
    BFF524:
      "`min` of an `each` needs `partial` and is at most `enough`; `enough` is for calls without side effects and without a batch. Both are at most `max`.",
  },
  run(model, report) {
    const effects = effectTable(model.messages);
    const messages = messagesByName(model.messages);
    const inside = (step: Step): readonly Step[] => composedBy([step], messages).flatMap(({ steps }) => steps);
    const calls = (step: Step): boolean =>
      reachable([step], inside).some(({ source }) => callsOf(source).length > 0 || source.kind === "resolver");
    // The reason why items cannot be cancelled.
    const lasting = (step: Step): string | undefined => {
      if (callsOf(step.source).some(({ batch }) => batch !== undefined))
        return "joins its calls into one, which no item can cancel";
      if (effects.step(step)) return "has side effects, and the effects of cancelled items would be unknown";
      return calls(step) ? undefined : "makes no calls that could be cancelled";
    };
    for (const step of blocksOf(model).flatMap((block) => block.steps)) {
      const { source, ir } = step;
      if (source.kind !== "each" || ir.source?.kind !== "each") continue;
      const { enough } = ir.source;
      const why = enough === undefined ? undefined : lasting(step);
      const items =
        enough === undefined || why === undefined
          ? undefined
          : { at: enough.at, message: `${nameOf(step)} ${why}`, hint: "leave out `enough`" };
      const failing =
        source.source.kind !== "by" || stepExpressions(step).some(({ fails, unsafe: [first] }) => fails || first);
      const mistake = wrongCount(ir.source, failing) ?? items;
      // A composed message with a fault may make calls.
      if (mistake !== undefined) report({ code: "BFF524", severity: "error", ...mistake, derived: mistake === items });
    }
  },
};

interface Mistake {
  readonly at: Origin;
  readonly message: string;
  readonly hint: string;
}

/** @param failing false: no item can fail */
function wrongCount({ partial, min, enough, max }: IrEach, failing: boolean): Mistake | undefined {
  if (min !== undefined && partial?.value !== true) {
    if (!failing) return { at: min.at, message: "this `min` has no effect: no item can fail", hint: "leave out `min`" };
    const message = "this `min` has no effect: without `partial` the first failed item fails the step";
    return { at: min.at, message, hint: "add `partial: true`, or write `enough` instead of `min`" };
  }
  if (min !== undefined && enough !== undefined && min.value > enough.value) {
    const message = `\`min: ${min.value}\` is never reached: ${enough.value} values are enough`;
    return { at: min.at, message, hint: `write at most \`min: ${enough.value}\`` };
  }
  const high = [min, enough].find((count) => max !== undefined && count !== undefined && count.value > max.value);
  if (high === undefined || max === undefined) return undefined;
  const message = `the list never has ${high.value} values: there are at most ${max.value} items`;
  return { at: high.at, message, hint: `write at most ${max.value} here, or raise \`max\`` };
}

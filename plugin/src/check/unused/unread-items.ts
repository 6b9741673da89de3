import { caution } from "../../diagnostic/diagnostic.ts";
import { blocksOf, effectTable, sourceExpressions } from "../../resolve/model/blocks.ts";
import type { Check } from "../check.ts";

/**
 * Reports an `each` whose value or call does not read its variable: every item has the same result. An author may
 * intend to repeat side effects.
 */
export const unreadItems: Check = {
  rules: {
    BFF351: "The source of an `each` reads its item. Otherwise every item has the same result.",
  },
  run(model, report) {
    const effects = effectTable(model.messages);
    for (const step of blocksOf(model).flatMap((message) => message.steps)) {
      const { source, ir } = step;
      if (source.kind !== "each" || source.source.kind === "compose" || effects.step(step)) continue;
      const inner = sourceExpressions(source.source);
      if (inner.some((expression) => expression?.reads.some(({ variable }) => variable === source.item))) continue;
      caution(report, "BFF351", (ir.source?.kind === "each" ? ir.source.var?.at : undefined) ?? ir.at, {
        message: `"${source.item.name}" is never read: every item has the same result`,
        hint: `read "${source.item.name}" in the source of the \`each\`, or run the source once without \`each\``,
      });
    }
  },
};

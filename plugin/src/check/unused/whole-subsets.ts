import { caution } from "../../diagnostic/diagnostic.ts";
import { composedBy, messagesByName } from "../../resolve/model/blocks.ts";
import type { Composed } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

/** Reports aliases of composed messages that need every step, in themselves and in the messages inside. */
export const wholeSubsets: Check = {
  rules: {
    BFF439:
      "An alias of a composed message saves a step. If its fields need every step, a copy of the composed message has the same cost, and no second function.",
  },
  run(model, report) {
    const byName = messagesByName(model.messages);
    const saves = ({ ir, steps }: Composed): boolean =>
      ir.subset !== undefined && (ir.steps.length < ir.subset.of.steps.length || composedBy(steps, byName).some(saves));
    for (const message of model.messages) {
      const { ir, desc } = message;
      if (ir.subset === undefined || saves(message)) continue;
      const of = ir.subset.of.desc.typeName;
      caution(report, "BFF439", ir.subset.alias.at, {
        message: `"${desc.name}" needs every step of "${of}", so its alias saves no call`,
        hint: `declare it as a copy: compose "${of}" in its place`,
      });
    }
  },
};

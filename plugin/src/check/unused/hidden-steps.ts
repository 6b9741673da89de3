import { childrenOf, type Node } from "../../cel/index.ts";
import { caution } from "../../diagnostic/diagnostic.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import { type Check, fieldExpressions, stepExpressions } from "../check.ts";

/** Reports a variable of a macro that has the name of a step: a reader of the expression confuses the two. */
export const hiddenSteps: Check = {
  rules: {
    BFF350: "The variable of a macro does not have the name of a step. A reader would confuse the two.",
  },
  run(model, report) {
    for (const message of blocksOf(model)) {
      const names = new Set([...message.shared, ...message.steps].flatMap((step) => step.name ?? []));
      const visit = (node: Node): void => {
        const hidden = node.kind === "macro" ? node.vars.find((variable) => names.has(variable.name)) : undefined;
        if (hidden !== undefined) {
          caution(report, "BFF350", node.at, {
            message: `the variable "${hidden.name}" of this macro hides the step "${hidden.name}"`,
            hint: "give the variable another name",
          });
        }
        for (const child of childrenOf(node)) visit(child);
      };
      for (const expression of [...message.steps.flatMap(stepExpressions), ...fieldExpressions(message)])
        visit(expression.root);
    }
  },
};

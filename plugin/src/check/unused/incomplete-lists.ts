// Values that are computed from a list that may lack items: a total without the lines that failed.

import { caution } from "../../diagnostic/diagnostic.ts";
import { IncompleteLists, type Loss } from "../../resolve/model/missing/incomplete.ts";
import { declarationOf } from "../../resolve/model/missing/missing-hints.ts";
import { type Check, namedExpressions, nameOf } from "../check.ts";

export const incompleteLists: Check = {
  rules: {
    BFF648:
      "A value is computed from a whole list, or the list declares with `min` how many values suffice. Otherwise failures change the value.",
  },
  run(model, report) {
    const lists = new IncompleteLists(model);
    for (const { result, of } of namedExpressions(model)) {
      const computed = of.map((expression) => lists.computed(expression)).find((found) => found !== undefined);
      if (computed === undefined) continue;
      const { node, loss } = computed;
      caution(report, "BFF648", node.at, {
        message: `${result} is computed from ${nameOf(loss.step)}, which ${effectOf(loss)}`,
        related: loss.lacks === undefined ? placeOf(loss) : declarationOf(model.ir, loss.lacks),
        hint: hintFor(loss),
      });
    }
  },
};

const effectOf = ({ lacks }: Loss): string =>
  lacks === undefined ? "leaves out items that fail" : `leaves out items without "${lacks.name}"`;

function placeOf({ step }: Loss): readonly { readonly at: typeof step.ir.at; readonly message: string }[] {
  const at = step.ir.source?.kind === "each" ? step.ir.source.partial?.at : undefined;
  return at === undefined ? [] : [{ at, message: "a failed item is left out here" }];
}

function hintFor({ step, lacks }: Loss): string {
  if (lacks === undefined)
    return "leave out `partial`, so that a failed item fails the list, or write `min: 0` beside it if any number of values suffices";
  if (lacks.missing?.root === step.source.item)
    return `leave them out on purpose, with if: "ok(${lacks.name})" in the \`each\`, or give them a value`;
  return `add if: "ok(${lacks.name})" to ${nameOf(step)}`;
}

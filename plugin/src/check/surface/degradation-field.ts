import { caution } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import { composedBy, messagesByName } from "../../resolve/model/blocks.ts";
import type { Block, Composed } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

/**
 * Reports a response with supplementary parts but without a `repeated bff.v1.Degradation` field: its clients cannot
 * distinguish "none" from "lost".
 */
export const degradationField: Check = {
  rules: {
    BFF603:
      "A response with parts that may be missing has a degradation field. Without this field clients cannot distinguish a missing part from an empty part.",
  },
  run(model, report) {
    const byName = messagesByName(model.messages);
    const seen = new Set<Composed>();
    for (const method of model.files.flatMap((file) => file.services).flatMap((service) => service.methods)) {
      const { composed } = method;
      if (seen.has(composed) || method.degradedField !== undefined) continue;
      seen.add(composed);
      const blocks: readonly Pick<Block, "steps">[] = [
        { steps: method.shared },
        method.opening ?? { steps: [] },
        composed,
      ];
      // Another check reports supplementary guards.
      const step = reachable(blocks, ({ steps }) => composedBy(steps, byName))
        .flatMap(({ steps }) => steps)
        .find(({ supplementary, source }) => supplementary && source.kind !== "guard");
      if (step === undefined) continue;
      caution(report, "BFF603", composed.ir.at, {
        message: `parts of "${composed.desc.name}" may be missing, but it has no degradation field`,
        related: [{ at: step.ir.supplementary?.at ?? step.ir.at, message: "this part may be missing" }],
        hint: "add `repeated bff.v1.Degradation degraded = 15;`",
      });
    }
  },
};

import { caution } from "../../diagnostic/diagnostic.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import type { Check } from "../check.ts";

/** Reports `after` for a step that is read: a step waits for its reads anyway. */
export const needlessAfter: Check = {
  rules: {
    BFF352: "`after` names only steps that its step does not read. A step already waits for the steps that it reads.",
  },
  run(model, report) {
    for (const step of blocksOf(model).flatMap((message) => message.steps)) {
      const read = new Set(step.reads.map((other) => other.name));
      for (const name of step.ir.after) {
        if (!read.has(name.value)) continue;
        caution(report, "BFF352", name.at, {
          message: `this step reads "${name.value}", so it already waits for it`,
          hint: "leave it out",
        });
      }
    }
  },
};

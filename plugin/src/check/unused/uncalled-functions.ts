import { caution } from "../../diagnostic/diagnostic.ts";
import { blocksOf, functionsIn } from "../../resolve/model/blocks.ts";
import type { Check } from "../check.ts";
import { mentions } from "./unread-env.ts";

/** A function has to be there for the server to start, so that one that nothing calls is a burden. As with variables of the environment, only those of files with services. */
export const uncalledFunctions: Check = {
  rules: {
    BFF362: "A function of the package is called. The server does not start without an uncalled function.",
  },
  run(model, report) {
    const called = new Set(blocksOf(model).flatMap((block) => [...functionsIn(block)]));
    const entries = model.ir.files.flatMap((file) => file.upstreams);
    for (const file of model.files) {
      if (file.services.length === 0) continue;
      for (const declared of file.ir.functions) {
        const overload = model.functions.get(declared);
        if (
          overload === undefined ||
          called.has(overload) ||
          entries.some((entry) => mentions(entry, `${overload.fn}(`))
        )
          continue;
        caution(report, "BFF362", declared.name.at, {
          message: `the function "${overload.fn}" is never called`,
          hint: "remove it, or call it in an expression",
        });
      }
    }
  },
};

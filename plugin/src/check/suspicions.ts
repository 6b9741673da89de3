import type { Report } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model/model.ts";
import type { Check } from "./check.ts";

export const suspicions: Check = { rules: {}, run: checkSuspicions };

/** A message with rules should be composed somewhere, and an argument should be read; both were noticed on the way. */
function checkSuspicions(model: Model, report: Report): void {
  for (const suspicion of model.suspicions) report(suspicion);
}

import type { Report } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model/model.ts";

/** A message with rules should be composed somewhere, and an argument should be read; both were noticed on the way. */
export function checkSuspicions(model: Model, report: Report): void {
  for (const suspicion of model.suspicions) report(suspicion);
}

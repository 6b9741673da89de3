import type { Report } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model.ts";
import { checkDegradationField } from "./degradation-field.ts";
import { checkEffectsOrder } from "./effects-order.ts";
import { checkUnusedSteps } from "./unused-steps.ts";

/** One rule over the whole model. */
export type Check = (model: Model, report: Report) => void;

/** Every rule, in the order in which they run. What one expression or one element shows alone is checked where it is read or resolved. */
export const ALL_CHECKS: readonly Check[] = Object.freeze([checkEffectsOrder, checkDegradationField, checkUnusedSteps]);

export function checkAll(model: Model, report: Report): void {
  for (const check of ALL_CHECKS) check(model, report);
}

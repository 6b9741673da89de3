import type { Report } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model.ts";
import { checkCriticalPath } from "./critical-path.ts";
import { checkDegradationField } from "./degradation-field.ts";
import { checkEffectsOrder } from "./effects-order.ts";
import { checkMaxCalls } from "./max-calls.ts";
import { checkSuspicions } from "./suspicions.ts";
import { checkUnusedSteps } from "./unused-steps.ts";

/** One rule over the whole model. */
export type Check = (model: Model, report: Report) => void;

/** Every rule, in the order in which they run. What one expression or one element shows alone is checked where it is read or resolved. */
export const ALL_CHECKS: readonly Check[] = Object.freeze([
  checkEffectsOrder,
  checkDegradationField,
  checkMaxCalls,
  checkCriticalPath,
]);

/** Rules about what nothing uses: where something else is wrong, that may be the reason, so they run only when nothing is. */
export const CHECKS_WHEN_SOUND: readonly Check[] = Object.freeze([checkUnusedSteps, checkSuspicions]);

/** `sound`: whether everything before has gone without an error. */
export function checkAll(model: Model, sound: boolean, report: Report): void {
  for (const check of sound ? [...ALL_CHECKS, ...CHECKS_WHEN_SOUND] : ALL_CHECKS) check(model, report);
}

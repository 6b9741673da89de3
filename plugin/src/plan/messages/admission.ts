// Steps that run before any call is sent.
import { restsOn } from "../../resolve/model/blocks.ts";
import type { PlanBlock, PlanStep } from "../model/messages.ts";

/** An immediate guard, or a constant that one reads. */
export function isAdmission(step: PlanStep, { steps }: PlanBlock): boolean {
  return step.immediate || steps.some((guard) => guard.immediate && restsOn(guard.step).has(step.step));
}

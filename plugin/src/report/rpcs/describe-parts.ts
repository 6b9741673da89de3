import type { PlanFile, PlanMethod } from "../../plan/model/plan.ts";

/** The paths of the fields that may come later. */
export const laterOf = ({ desc }: PlanMethod["method"], { parts }: PlanFile): readonly string[] =>
  parts.find(({ message }) => message === desc.output)?.paths ?? [];

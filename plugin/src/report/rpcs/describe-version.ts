import type { PlanVersion } from "../../plan/model/plan.ts";
import { defined } from "../../text/json-member.ts";

/** Dates of a deprecated rpc, and its successor. */
export interface VersionReport {
  readonly deprecated?: string;
  readonly sunset?: string;
  /** `package.Service/Method` */
  readonly successor?: string;
}

export function versionReport({ deprecation, successor }: PlanVersion): VersionReport {
  return {
    ...defined("deprecated", deprecation?.since),
    ...defined("sunset", deprecation?.sunset),
    ...defined("successor", successor),
  };
}

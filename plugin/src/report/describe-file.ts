// Facts of a file besides its RPCs and messages.
import { type IdentityFacts, identityFacts } from "../lock/identity-facts.ts";
import type { PlanFile } from "../plan/model/plan.ts";
import { defined } from "../text/json-member.ts";
import { type CostsOfFile, costsReport } from "./describe-costs.ts";
import { type PurgesOfFile, purgesReport } from "./describe-purges.ts";
import { type RevealsReport, revealsReport } from "./describe-reveals.ts";
import { type ToolsOfFile, toolsOfFile } from "./rpcs/describe-tool.ts";

export interface FileFacts extends RevealsReport, ToolsOfFile, PurgesOfFile, CostsOfFile {
  /** Accepted sources of identity; present only if an identity is declared. */
  readonly identity?: IdentityFacts;
}

export const fileFacts = (file: PlanFile): FileFacts => ({
  ...defined("identity", file.identity && identityFacts(file.identity)),
  ...revealsReport(file),
  ...toolsOfFile(file),
  ...purgesReport(file),
  ...costsReport(file),
});

// Facts of a file besides its RPCs and messages.
import { type IdentityFacts, identityFacts } from "../lock/identity-facts.ts";
import type { PlanFile } from "../plan/model/plan.ts";
import { isOrdered, type OrderedItem } from "../read/values/env-value.ts";
import type { EnvVar } from "../resolve/model/model.ts";
import { defined } from "../text/json-member.ts";
import { type CostsOfFile, costsReport } from "./describe-costs.ts";
import { type PurgesOfFile, purgesReport } from "./describe-purges.ts";
import { type RevealsReport, revealsReport } from "./describe-reveals.ts";
import { type ToolsOfFile, toolsOfFile } from "./rpcs/describe-tool.ts";

export interface FileFacts extends RevealsReport, ToolsOfFile, PurgesOfFile, CostsOfFile {
  /** Accepted sources of identity; present only if an identity is declared. */
  readonly identity?: IdentityFacts;
  /** Environment variables with bounds; present only if some are declared. */
  readonly variables?: readonly VariableReport[];
}
/** One environment variable with bounds, in the notation of its type. */
export interface VariableReport {
  readonly name: string;
  readonly type: OrderedItem;
  readonly min?: string;
  readonly max?: string;
  readonly default?: string;
}

export const fileFacts = (file: PlanFile): FileFacts => ({
  ...defined("identity", file.identity && identityFacts(file.identity)),
  ...revealsReport(file),
  ...toolsOfFile(file),
  ...purgesReport(file),
  ...costsReport(file),
  ...defined("variables", variablesReport(file.env)),
});

function variablesReport(env: readonly EnvVar[]): readonly VariableReport[] | undefined {
  const bounded = env.flatMap(({ ir: { name, shape, min, max, default: initial } }): VariableReport[] => {
    if (shape === undefined || !isOrdered(shape.item) || (min === undefined && max === undefined)) return [];
    const bounds = { ...defined("min", min?.value), ...defined("max", max?.value) };
    return [{ name: name.value, type: shape.item, ...bounds, ...defined("default", initial?.value) }];
  });
  return bounded.length === 0 ? undefined : bounded;
}

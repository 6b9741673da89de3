import type { PlanMethod } from "../../plan/model/plan.ts";
import { defined } from "../../text/json-member.ts";
import { type PagesReport, pagesReport } from "./describe-pages.ts";

/** Fields of an rpc's answers that depend on the client. */
interface FieldChoiceReport {
  /** Path of the request's FieldMask; absent if clients cannot choose. */
  readonly mask?: string;
  /** Full names of fields that only a mask selects. */
  readonly on_request?: readonly string[];
}

/** Choices of clients in their requests. */
export interface ChoiceReport {
  /** Fields of its answers that depend on the client; present only if such fields exist. */
  readonly fields?: FieldChoiceReport;
  /** Page sizes and page tokens of its request; present only if it has pages. */
  readonly pages?: PagesReport;
  /** Paths of the ids in its request that every permitted caller may name, at most 100; present only if it has some. */
  readonly public_ids?: readonly string[];
}

export function choiceReport(planned: PlanMethod): ChoiceReport {
  return {
    ...defined("fields", fieldChoiceReport(planned)),
    ...defined("pages", pagesReport(planned)),
    ...defined("public_ids", planned.publicIds),
  };
}

function fieldChoiceReport({ fields }: PlanMethod): FieldChoiceReport | undefined {
  if (fields === undefined) return undefined;
  const { mask, onRequest } = fields;
  return { ...(mask !== undefined && { mask }), ...(onRequest.length > 0 && { on_request: onRequest }) };
}

/** `clients choose fields by fields or bff-fields; on request only: web.v1.Dashboard.usage` */
export function fieldChoiceLines({ fields }: PlanMethod): string[] {
  if (fields === undefined) return [];
  const { mask, onRequest } = fields;
  const named = onRequest.join(", ");
  if (mask === undefined) return [`never sends ${named}`];
  return [`clients choose fields by ${mask} or bff-fields${named === "" ? "" : `; on request only: ${named}`}`];
}

import type { PlanMethod } from "../../plan/model/plan.ts";

/** Pages of an rpc's answers, by the fields of its request. */
export interface PagesReport {
  readonly sizes?: readonly { readonly field: string; readonly usual: number; readonly most: number }[];
  readonly tokens?: readonly string[];
}

export function pagesReport({ pages }: PlanMethod): PagesReport | undefined {
  if (pages === undefined) return undefined;
  const { sizes, tokens } = pages;
  return { ...(sizes.length > 0 && { sizes }), ...(tokens.length > 0 && { tokens }) };
}

/** `pages: page_size 20, at most 100; tokens in page_token for 72 h` */
export function pagesLines({ pages }: PlanMethod): string[] {
  if (pages === undefined) return [];
  const { sizes, tokens, sealed } = pages;
  const parts = [
    ...sizes.map(({ field, usual, most }) => `${field} ${usual}, at most ${most}`),
    ...(sealed ? [`tokens in ${tokens.join(", ") || "no field"} for 72 h`] : []),
  ];
  return [`pages: ${parts.join("; ")}`];
}

import type { PlanMethod, PlanService } from "../../plan/model/plan.ts";
import type { Lines } from "../text/lines.ts";

/** Returns true if any rpc of a service has pages. */
export const hasPages = ({ methods }: PlanService): boolean => methods.some(({ pages }) => pages !== undefined);

/** `pages: { sealer: deps.pages, sizes: ["page_size"], tokens: ["page_token"] },` */
export function pagesProperty({ method, pages }: PlanMethod): Lines {
  if (pages === undefined) return [];
  const parts = [
    "sealer: deps.pages",
    ...listed(
      "sizes",
      pages.sizes.map(({ field }) => field),
    ),
    ...listed("tokens", pages.tokens),
    ...(method.permit?.public === undefined ? [] : ["public: true"]),
  ];
  return [[`pages: { ${parts.join(", ")} },`]];
}

function listed(name: string, fields: readonly string[]): string[] {
  return fields.length === 0 ? [] : [`${name}: [${fields.map((field) => JSON.stringify(field)).join(", ")}]`];
}

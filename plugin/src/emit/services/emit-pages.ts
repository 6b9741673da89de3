import type { PlanMethod, PlanService } from "../../plan/model/plan.ts";
import type { FileNames } from "../names/file-names.ts";
import { type Lines, line } from "../text/lines.ts";

/** Returns true if any rpc of a service has page tokens. */
export const needsPageKeys = ({ methods }: PlanService): boolean => methods.some(({ pages }) => pages?.sealed === true);

/** Prints the checks of a request that precede its permit: its rules, then its pages. */
export function checkProperties(planned: PlanMethod, names: FileNames): Lines {
  const { validated } = planned;
  const rules = validated === undefined ? [] : line("validate: ", names.rules(`validate${validated.name}`), ",");
  return [...rules, ...pagesProperty(planned)];
}

/** `pages: { sealer: deps.pages, sizes: ["page_size"], tokens: ["page_token"] },` */
function pagesProperty({ pages, caller }: PlanMethod): Lines {
  if (pages === undefined) return [];
  const parts = [
    ...(pages.sealed ? ["sealer: deps.pages"] : []),
    ...listed(
      "sizes",
      pages.sizes.map(({ field }) => field),
    ),
    ...listed("tokens", pages.tokens),
    ...(pages.sealed && caller?.isOpen === true ? ["public: true"] : []),
    ...(pages.sealed && caller?.isOpen === false && caller.fields !== undefined
      ? [`caller: [${names(caller.fields)}]`]
      : []),
  ];
  return [[`pages: { ${parts.join(", ")} },`]];
}

function listed(name: string, fields: readonly string[]): string[] {
  return fields.length === 0 ? [] : [`${name}: [${names(fields)}]`];
}
const names = (fields: readonly string[]): string => fields.map((field) => JSON.stringify(field)).join(", ");

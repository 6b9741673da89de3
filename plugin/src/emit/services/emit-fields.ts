import type { PlanMethod } from "../../plan/model/plan.ts";
import { around, type Line, type Lines, object } from "../text/lines.ts";

/** `fields: { mask: "fields", onRequest: ["web.v1.Dashboard.usage"] },` */
export function fieldsProperty({ fields }: PlanMethod): Lines {
  if (fields === undefined) return [];
  const { mask, onRequest, needed, read } = fields;
  const lists = Object.entries({ onRequest, needed }).filter(([, names]) => names.length > 0);
  const parts = [
    ...(mask === undefined ? [] : [`mask: ${JSON.stringify(mask)}`]),
    ...lists.map(([name, names]) => `${name}: [${names.map((each) => JSON.stringify(each)).join(", ")}]`),
    ...(read ? ["read: true"] : []),
  ];
  const properties = parts.map((part): Line => [part]);
  return around(["fields: "], object(properties), [","]);
}

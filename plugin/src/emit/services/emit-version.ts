import type { PlanMethod } from "../../plan/model/plan.ts";
import { block, type Lines } from "../text/lines.ts";

/** `deprecatedFields: ["filter.old_id", "items[*].sku"],` */
export function deprecatedFieldsProperty({ deprecatedFields }: PlanMethod): Lines {
  if (deprecatedFields === undefined) return [];
  return block(
    ["deprecatedFields: ["],
    deprecatedFields.map((path) => [`${JSON.stringify(path)},`]),
    ["],"],
  );
}

/** `version: { headers: ["deprecation", "@1793491200"], deprecation: { since: "2026-11-01" } },` */
export function versionProperty({ version }: PlanMethod): Lines {
  if (version === undefined) return [];
  const { headers, deprecation } = version;
  const pairs = headers.flatMap((name, i) =>
    i % 2 === 0 ? [[`${JSON.stringify(name)}, ${JSON.stringify(headers[i + 1] ?? "")},`]] : [],
  );
  const properties = Object.entries(deprecation ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${JSON.stringify(value)}`],
  );
  return block(
    ["version: {"],
    [
      ...block(["headers: ["], pairs, ["],"]),
      ...(deprecation === undefined ? [] : [[`deprecation: { ${properties.join(", ")} },`]]),
    ],
    ["},"],
  );
}

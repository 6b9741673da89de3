// Changes of options as a diff for their author.
import type { PlanChange } from "../world/parse-changes.ts";

/** A setting of the plan before the changes. */
export interface DeclaredSetting {
  readonly item: string;
  readonly key: string;
  readonly unit: string;
  readonly value: number | null;
  /** Place of the value; undefined: a default. */
  readonly at?: string;
}

/**
 * Returns a diff: the place of each value, its line before, and its line after. A value without a place becomes an entry
 * of `upstream`.
 *
 * @param after the settings after the changes
 */
export function optionDiff(
  changes: readonly PlanChange[],
  before: readonly DeclaredSetting[],
  after: readonly DeclaredSetting[],
): string {
  const find = (all: readonly DeclaredSetting[], { target, key }: PlanChange): DeclaredSetting | undefined =>
    all.find((setting) => setting.item === target && setting.key === key);
  return changes
    .map((change) => {
      const [old, now] = [find(before, change), find(after, change)];
      const value = now === undefined ? change.value : text(now);
      if (old?.at !== undefined && old.value !== null)
        return `${old.at}, for ${old.item}\n- ${nested(old.key, text(old))}\n+ ${nested(old.key, value)}\n`;
      const [service = "", method] = (change.target ?? "").split("/");
      const of = method === undefined ? "" : ` method: "${method}"`;
      return `(bff.v1.file)\n+ upstream: { service: "${service}"${of} ${nested(change.key, value)} }\n`;
    })
    .join("");
}

/** `hedge.delay` is written `hedge: { delay: … }`. */
function nested(key: string, value: string): string {
  const [outer = "", inner] = key.split(".");
  return inner === undefined ? `${outer}: ${value}` : `${outer}: { ${inner}: ${value} }`;
}
function text({ unit, value }: DeclaredSetting): string {
  if (unit !== "ms") return String(value);
  return value !== null && value >= 1_000 && value % 1_000 === 0 ? `"${value / 1_000}s"` : `"${value}ms"`;
}

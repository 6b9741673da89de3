import type { Change } from "../lsp/features/changes/change.ts";

/** Returns a text with changes, and those that count: of changes that overlap, the first. */
export function fixed<C extends Change>(text: string, changes: readonly C[]): { text: string; applied: readonly C[] } {
  let [result, at] = ["", 0];
  const applied: C[] = [];
  for (const change of changes.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const { from, to, text: by } = change;
    if (from < at || (applied.length > 0 && from === at && to === from)) continue;
    result += text.slice(at, from) + by;
    at = to;
    applied.push(change);
  }
  return { text: result + text.slice(at), applied };
}

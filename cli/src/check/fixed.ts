import type { Change } from "../lsp/features/changes/change.ts";

/** Returns a text with changes, of which the first of those that overlap counts; and how many that are. */
export function fixed(text: string, changes: readonly Change[]): { readonly text: string; readonly count: number } {
  let [result, at, count] = ["", 0, 0];
  for (const { from, to, text: by } of changes.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (from < at || (count > 0 && from === at && to === from)) continue;
    result += text.slice(at, from) + by;
    at = to;
    count++;
  }
  return { text: result + text.slice(at), count };
}

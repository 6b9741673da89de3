// With `strategy: directory`, upstreams that the BFF does not import are invisible. This reports one mistake in
// buf.gen.yaml once, for all names.
import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import { inOrder } from "../../diagnostic/order.ts";

/** The hint for a name that may be in another directory of the workspace. */
export const ELSEWHERE =
  "correct the name, or give the plugin `strategy: all` in buf.gen.yaml, and buf no `--path`: this run contains one directory and its imports. Import the file if it belongs to a module dependency";

/** True for a name that may be in another directory; such diagnostics are merged in the end. */
export const isElsewhere = ({ code, hint }: Diagnostic): boolean => code === "BFF201" && hint === ELSEWHERE;

/**
 * Merges the diagnostics of names that may be in another directory into one error at the first of them. The others
 * become related places.
 */
export function foldMissingImports(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const [first, ...others] = inOrder(diagnostics.filter(isElsewhere));
  if (first === undefined) return [...diagnostics];
  // The first place of a repeated name is enough.
  const known = new Set([first.message]);
  const related = others.flatMap(({ at, message }) => {
    if (known.has(message)) return [];
    known.add(message);
    return [{ at, message }];
  });
  const folded = related.length === 0 ? first : { ...first, related };
  return [...diagnostics.filter((diagnostic) => !isElsewhere(diagnostic)), folded];
}

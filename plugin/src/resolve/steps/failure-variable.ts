import { ERROR_TYPE, type Expression, type Variable } from "../../cel/index.ts";
import { sourceExpressions } from "../model/blocks.ts";
import type { Source } from "../model/model.ts";

/** Returns the variable for `failure(name)`. */
export function failureVariable(name: string): Variable {
  return { name, role: "failure", type: { kind: "optional", of: ERROR_TYPE }, proto: undefined, absent: false };
}

/**
 * Returns true if a step may have a readable failure while the response continues. Causes are a supplementary step that
 * may fail, a call error that is ignored or replaced, and an input that is absent because of such a failure.
 *
 * @param needs expressions without whose values the step is left out
 */
export function mayHaveFailure(
  source: Source,
  supplementary: boolean,
  condition: Expression | undefined,
  needs: readonly (Expression | undefined)[],
): boolean {
  if (source.kind === "guard") return false;
  if (supplementary && (canFail(source) || condition?.fails === true)) return true;
  if (source.kind === "call" && source.call.onError.some(({ then }) => then.kind !== "fail")) return true;
  const decides = source.kind === "switch" ? sourceExpressions(source) : needs;
  return [condition, ...decides].some((expression) => expression?.unsafe.some(({ failure }) => failure !== undefined));
}

function canFail(source: Source): boolean {
  const computed = source.kind === "by" || source.kind === "switch";
  return !computed || sourceExpressions(source).some((expression) => expression?.fails);
}

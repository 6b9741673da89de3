import type { Node } from "./expression.ts";
import type { Variable } from "./type.ts";

/** The variables that are sure to have a value when a condition is true, and when it is false (language.md, "Absence"). */
export interface Facts {
  readonly whenTrue: ReadonlySet<Variable>;
  readonly whenFalse: ReadonlySet<Variable>;
}

const NOTHING: ReadonlySet<Variable> = new Set();

export function factsOf(node: Node): Facts {
  if (node.kind === "ok") return { whenTrue: new Set([node.variable]), whenFalse: NOTHING };
  if (node.kind !== "call") return { whenTrue: NOTHING, whenFalse: NOTHING };
  const [first, second] = node.args;
  if (node.overload === "logical_not" && first !== undefined) {
    const { whenTrue, whenFalse } = factsOf(first);
    return { whenTrue: whenFalse, whenFalse: whenTrue };
  }
  if (first === undefined || second === undefined) return { whenTrue: NOTHING, whenFalse: NOTHING };
  const a = factsOf(first);
  const b = factsOf(second);
  if (node.overload === "logical_and") {
    return { whenTrue: a.whenTrue.union(b.whenTrue), whenFalse: a.whenFalse.intersection(b.whenFalse) };
  }
  if (node.overload === "logical_or") {
    return { whenTrue: a.whenTrue.intersection(b.whenTrue), whenFalse: a.whenFalse.union(b.whenFalse) };
  }
  return { whenTrue: NOTHING, whenFalse: NOTHING };
}

import type { CallNode, Node, Variable } from "../model/type.ts";
import { childrenOf } from "./children.ts";
import { sameConstant, staticType } from "./same-value.ts";

/** Counts the mentions of a variable in the printed parts of an expression. */
export function mentions(node: Node | undefined, variable: Variable): number {
  return node === undefined ? 0 : (namesIn(node).get(variable) ?? 0);
}

/** Mentions of each variable. Nodes do not change, and nested `cel.bind` counts their mentions repeatedly. */
const known = new WeakMap<Node, ReadonlyMap<Variable, number>>();

function namesIn(node: Node): ReadonlyMap<Variable, number> {
  const before = known.get(node);
  if (before !== undefined) return before;
  const names = new Map<Variable, number>();
  if (node.kind === "name" || node.kind === "received" || (node.kind === "ok" && node.field === undefined))
    names.set(node.variable, 1);
  else if (!isFolded(node)) {
    for (const part of partsOf(node)) {
      for (const [variable, count] of namesIn(part)) names.set(variable, (names.get(variable) ?? 0) + count);
    }
  }
  known.set(node, names);
  return names;
}

/** Returns true if it is mentioned anywhere in the expression, printed or not. */
export function isMentioned(node: Node, variable: Variable): boolean {
  if (node.kind === "name") return node.variable === variable;
  return childrenOf(node).some((child) => isMentioned(child, variable));
}

/** Returns true for a call with a known result, of which only the result is printed. */
function isFolded(node: Node): boolean {
  if (node.kind !== "call") return false;
  const [first] = node.args;
  const isSet = first?.kind === "call" && first.overload === "optional_of" && !first.fails;
  return staticType(node) !== undefined || (node.overload === "optional_has_value" && isSet);
}

/** Returns true if a macro contains one of the mentions, and so evaluates it more than once. */
export function mentionsInMacro(node: Node, variable: Variable): boolean {
  if (node.kind === "macro")
    return node.args.some((arg) => mentions(arg, variable) > 0) || mentionsInMacro(node.range, variable);
  return partsOf(node).some((part) => mentionsInMacro(part, variable));
}

/** Returns the direct parts of a node that are printed. */
export function partsOf(node: Node): readonly Node[] {
  if (node.kind === "macro" && node.macro === "bind") {
    // A value that `cel.bind` binds to an unused variable is not printed.
    const [variable] = node.vars;
    if (variable !== undefined && mentions(node.args[0], variable) === 0) return node.args;
  }
  return reached(node);
}

/** Returns the parts without branches and operands that are never evaluated, because a known value decides. */
function reached(node: Node): readonly Node[] {
  if (node.kind !== "call") return childrenOf(node);
  const chosen = chosenOf(node);
  if (chosen !== undefined) return [chosen];
  if (node.overload === "conditional") return node.args;
  return outcomeOf(node) === undefined ? node.args : [];
}

/** Returns the branch of a conditional that is always taken, which is printed in its place. */
export function chosenOf({ overload, args }: CallNode): Node | undefined {
  const [condition, yes, no] = args;
  const outcome = overload === "conditional" && condition !== undefined ? outcomeOf(condition) : undefined;
  if (outcome === undefined) return undefined;
  return outcome ? yes : no;
}

/** Returns the constant result of a condition. Undefined if it is unknown. */
export function outcomeOf(node: Node): boolean | undefined {
  if (node.kind === "constant") return typeof node.value === "boolean" ? node.value : undefined;
  if (node.kind === "ok") return node.known ?? (node.variable.absent || node.set ? undefined : true);
  if (node.kind !== "call") return undefined;
  const outcomes = (): (boolean | undefined)[] => node.args.map(outcomeOf);
  switch (node.overload) {
    case "logical_not": {
      const [outcome] = outcomes();
      return outcome === undefined ? undefined : !outcome;
    }
    case "logical_and":
    case "logical_or": {
      // An operand with the neutral outcome is left out. If no operand remains, the result is the neutral outcome.
      const neutral = node.overload === "logical_and";
      const all = outcomes();
      if (all.includes(!neutral)) return !neutral;
      return all.includes(undefined) ? undefined : neutral;
    }
    case "conditional": {
      const chosen = chosenOf(node);
      return chosen && outcomeOf(chosen);
    }
    case "equals":
    case "not_equals": {
      const [first, second] = node.args;
      const same = first && second && sameConstant(first, second);
      if (same !== undefined) return same === (node.overload === "equals");
      const compared = comparedWith(node);
      const outcome = compared && outcomeOf(compared.test);
      return outcome === undefined ? undefined : outcome === compared?.value;
    }
    default:
      return undefined;
  }
}

/** Returns the test and the value of `test == true` and the like, which are printed as the test or its opposite. */
export function comparedWith(node: CallNode): { readonly test: Node; readonly value: boolean } | undefined {
  const equal = node.overload === "equals";
  const [first, second] = node.args;
  if ((!equal && node.overload !== "not_equals") || first === undefined || second === undefined) return undefined;
  const [test, constant] = first.kind === "constant" ? [second, first] : [first, second];
  if (constant.kind !== "constant" || typeof constant.value !== "boolean" || test.type.kind !== "bool")
    return undefined;
  return { test, value: constant.value === equal };
}

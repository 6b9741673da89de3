import type { Expression, Node, Variable } from "../model/type.ts";
import { childrenOf } from "./children.ts";
import { chosenOf, comparedWith, outcomeOf } from "./mentions.ts";
import { placesOf } from "./places.ts";

/** The variables with a certain state if a condition is true, and if it is false (language.md, "Absence"). */
interface OutcomeFacts {
  readonly whenTrue: ReadonlySet<Variable>;
  readonly whenFalse: ReadonlySet<Variable>;
}

const NOTHING: ReadonlySet<Variable> = new Set();

/** Returns the variables that have a value. */
export const factsOf = (node: Node): OutcomeFacts => facts(node, true);
/** Returns the variables that have no value. */
export const gapsOf = (node: Node): OutcomeFacts => facts(node, false);

function facts(node: Node, there: boolean): OutcomeFacts {
  if (node.kind === "ok" && !node.set && node.variable.absent) {
    const tested = new Set([node.variable]);
    return there ? { whenTrue: tested, whenFalse: NOTHING } : { whenTrue: NOTHING, whenFalse: tested };
  }
  // A field that `has` finds is not missing, and neither are those before it. An unset field is not missing either.
  if (node.kind === "select" && node.test && there) return { whenTrue: new Set(placesOf(node)), whenFalse: NOTHING };
  if (node.kind !== "call") return { whenTrue: NOTHING, whenFalse: NOTHING };
  const [first, second] = node.args;
  if (node.overload === "logical_not" && first !== undefined) {
    const { whenTrue, whenFalse } = facts(first, there);
    return { whenTrue: whenFalse, whenFalse: whenTrue };
  }
  if (first === undefined || second === undefined) return { whenTrue: NOTHING, whenFalse: NOTHING };
  const chosen = chosenOf(node);
  if (chosen !== undefined) return facts(chosen, there);
  const compared = comparedWith(node);
  if (compared !== undefined) {
    const { whenTrue, whenFalse } = facts(compared.test, there);
    return compared.value ? { whenTrue, whenFalse } : { whenTrue: whenFalse, whenFalse: whenTrue };
  }
  // Operands that are known beforehand are not printed, so that only the other operand remains.
  if (node.overload === "logical_and" || node.overload === "logical_or") {
    const [firstOutcome, secondOutcome] = [outcomeOf(first), outcomeOf(second)];
    const neutral = node.overload === "logical_and";
    if (firstOutcome === neutral) return facts(second, there);
    if (secondOutcome === neutral) return facts(first, there);
  }
  const a = facts(first, there);
  const b = facts(second, there);
  if (node.overload === "logical_and") {
    return { whenTrue: a.whenTrue.union(b.whenTrue), whenFalse: a.whenFalse.intersection(b.whenFalse) };
  }
  if (node.overload === "logical_or") {
    return { whenTrue: a.whenTrue.intersection(b.whenTrue), whenFalse: a.whenFalse.union(b.whenFalse) };
  }
  return { whenTrue: NOTHING, whenFalse: NOTHING };
}

/**
 * Returns the variables that certainly have a value if a condition holds, or with `outcome` false if it does not. They
 * are the variables that it tests by `ok`, and those that its evaluation needs. Tests by `ok` inside of functions of
 * the runtime are left out, because TypeScript does not see them.
 */
export function sureWhere({ root, unsafe }: Expression, outcome: boolean): ReadonlySet<Variable> {
  return new Set([...unsafe, ...seen(root, outcome)]);
}

/**
 * Returns the variables that a condition tests by `ok`, or by `has` of one of their fields, and that have a value if it
 * holds. Variables that it only reads are left out.
 */
export const testedBy = ({ root }: Expression): ReadonlySet<Variable> => tested(root, true);
/** Returns the variables that have a value behind a guard: its condition, which does not hold, tests them by `ok`. */
export const leftBy = ({ root }: Expression): ReadonlySet<Variable> => tested(root, false);

function tested(node: Node, outcome: boolean): ReadonlySet<Variable> {
  if (node.kind === "ok") return new Set(outcome && !node.set ? [node.variable] : []);
  if (node.kind === "select" && node.test) {
    const variable = outcome ? rootOf(node) : undefined;
    return new Set(variable === undefined ? [] : [variable, ...placesOf(node)]);
  }
  if (node.kind !== "call") return NOTHING;
  const [first] = node.args;
  if (node.overload === "logical_not" && first !== undefined) return tested(first, !outcome);
  const compared = comparedWith(node);
  if (compared !== undefined) return tested(compared.test, compared.value === outcome);
  if (node.overload !== "logical_and" && node.overload !== "logical_or") return NOTHING;
  const found = operandsOf(node, node.overload).map((operand) => tested(operand, outcome));
  const all = (node.overload === "logical_and") === outcome;
  return found.reduce((a, b) => (all ? a.union(b) : a.intersection(b)));
}

/** Returns true if an expression by itself reads a variable where no `ok` in it has tested the variable. */
export const readsUntested = ({ root }: Expression, variable: Variable): boolean => untested(root, variable, false);

function untested(node: Node, variable: Variable, known: boolean): boolean {
  if (node.kind === "name" || node.kind === "received") return !known && node.variable === variable;
  if (node.kind === "select" && !node.test && node.place === variable && !known) return true;
  // `x.?f` is an empty optional without a value of x.
  if (node.kind === "select" && node.optional && node.of.kind === "name") return false;
  const isLogic = node.kind === "call" && /^(logical_(and|or)|conditional)$/.test(node.overload);
  const [first, second, third] = isLogic ? node.args : [];
  if (!isLogic || first === undefined) return childrenOf(node).some((child) => untested(child, variable, known));
  const { whenTrue, whenFalse } = factsOf(first);
  const holds = node.overload === "logical_or" ? whenFalse : whenTrue;
  return (
    untested(first, variable, known) ||
    (second !== undefined && untested(second, variable, known || holds.has(variable))) ||
    (third !== undefined && untested(third, variable, known || whenFalse.has(variable)))
  );
}

/** Returns the result of a condition if some variables have no value. Undefined: other values decide. */
export const callerOutcome = ({ root }: Expression, isGone: (variable: Variable) => boolean): boolean | undefined =>
  outcomeIf(root, isGone);

function outcomeIf(node: Node, isGone: (variable: Variable) => boolean): boolean | undefined {
  if (node.kind === "ok" && !node.set) {
    if (isGone(node.variable)) return false;
    return node.variable.role === "principal" ? true : outcomeOf(node);
  }
  if (node.kind !== "call") return outcomeOf(node);
  const [first] = node.args;
  if (node.overload === "logical_not" && first !== undefined) {
    const outcome = outcomeIf(first, isGone);
    return outcome === undefined ? undefined : !outcome;
  }
  if (node.overload !== "logical_and" && node.overload !== "logical_or") return outcomeOf(node);
  const decides = node.overload === "logical_or";
  const outcomes = node.args.map((arg) => outcomeIf(arg, isGone));
  if (outcomes.includes(decides)) return decides;
  return outcomes.includes(undefined) ? undefined : !decides;
}

/** Returns the variable at the beginning of a path. */
function rootOf(node: Node): Variable | undefined {
  if (node.kind === "name") return node.variable;
  return node.kind === "select" ? rootOf(node.of) : undefined;
}

/** Returns the variables that certainly have no value there. */
export function goneWhere({ root }: Expression, outcome: boolean): ReadonlySet<Variable> {
  return gapsOf(root)[outcome ? "whenTrue" : "whenFalse"];
}

function seen(node: Node, outcome: boolean): ReadonlySet<Variable> {
  if (node.kind !== "call") return factsOf(node)[outcome ? "whenTrue" : "whenFalse"];
  const [first] = node.args;
  if (node.overload === "logical_not" && first !== undefined) return seen(first, !outcome);
  const compared = comparedWith(node);
  if (compared !== undefined) return seen(compared.test, compared.value === outcome);
  if (node.overload !== "logical_and" && node.overload !== "logical_or") return NOTHING;
  const operands = operandsOf(node, node.overload);
  // Several operands that may fail are printed as functions (emit-logic.ts).
  const hidden = operands.filter(({ fails }) => fails).length > 1;
  const found = operands.map((operand) => (hidden && operand.fails ? NOTHING : seen(operand, outcome)));
  const all = (node.overload === "logical_and") === outcome;
  return found.reduce((a, b) => (all ? a.union(b) : a.intersection(b)));
}

/** Returns the operands of a chain of `&&` or of `||`. */
export function operandsOf(node: Node, overload: string): readonly Node[] {
  if (node.kind !== "call" || node.overload !== overload) return [node];
  return node.args.flatMap((arg) => operandsOf(arg, overload));
}

/**
 * Returns the undecided part of a condition, if some variables are known to have a value. Undefined if all is decided.
 */
export function restOf(condition: Node, known: ReadonlySet<Variable>): Node | undefined {
  if (condition.kind === "ok" && !condition.set) return known.has(condition.variable) ? undefined : condition;
  if (condition.kind !== "call" || condition.overload !== "logical_and") return condition;
  const [first, second, ...more] = condition.args.flatMap((arg) => restOf(arg, known) ?? []);
  return second === undefined
    ? first
    : { ...condition, args: [first, second, ...more].filter((arg) => arg !== undefined) };
}

/**
 * Returns the values without which the `if` of a oneof's member is not decided: what it reads without a test, and steps
 * and arguments that it tests. `has(step.field)` is false without the step, and the member is missing then.
 */
export function undecidedBy(condition: Expression | undefined): readonly Variable[] {
  if (condition === undefined) return [];
  const tested = condition.reads.flatMap(({ variable }) => (variable.absent ? variable : []));
  return [...new Set([...condition.unsafe, ...tested])];
}

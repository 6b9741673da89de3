// TypeScript narrows as well: if `has(x.f)` is false, it infers that `x.f` is undefined, and rejects code that reads a
// part of it. CEL reads a default there. If `x.f == 'a'` is true, TypeScript rejects a comparison of `x.f` with 'b'.
// Such tests have to be hidden from TypeScript.
import { childrenOf } from "../../types/facts/children.ts";
import { chosenOf, comparedWith, outcomeOf, partsOf } from "../../types/facts/mentions.ts";
import { fieldType, presenceOf } from "../../types/model/field-type.ts";
import type { Node, Variable } from "../../types/model/type.ts";

/** Values of names. */
export interface NameValues {
  /** The value that `cel.bind` binds to a variable, which may be printed in the name's place. */
  readonly bound: (variable: Variable) => Node | undefined;
  /**
   * The value of a local constant of the printed code. TypeScript narrows by a test of the constant as by the tests in
   * its value.
   */
  readonly constant: (variable: Variable) => Node | undefined;
}

/** A test of presence, or a comparison of a path with a constant. */
interface Test {
  readonly node: Node;
  readonly path: string;
  /** Value that the path equals, or (`equal` false) does not equal. Undefined for a test of presence. */
  readonly constant: string | undefined;
  readonly equal: boolean;
  /** True if the path's type has few values, so that TypeScript narrows it by inequality, too. */
  readonly few: boolean;
}

/**
 * Returns the tests in `condition` whose narrowing breaks `region`, which is evaluated only if the condition has this
 * outcome.
 */
export function contradicted(condition: Node, outcome: boolean, region: Node, aliases: NameValues): readonly Node[] {
  return contradictedInOrder([condition, region], outcome, aliases);
}

/** Returns the same for operands of which each is evaluated only if all operands before it have this outcome. */
export function contradictedInOrder(operands: readonly Node[], outcome: boolean, aliases: NameValues): readonly Node[] {
  const tests: Test[] = [];
  return operands.flatMap((operand, index) => {
    const found = tests.length === 0 ? [] : againstThem(tests, operand, aliases);
    if (index < operands.length - 1) tests.push(...known(operand, outcome, aliases));
    return found;
  });
}

function againstThem(tests: readonly Test[], region: Node, aliases: NameValues): readonly Node[] {
  const reads = countsOf(pathsIn(region, aliases));
  const compared = comparisonsIn(region, aliases);
  return tests.filter((test) => isAgainst(test, reads, compared)).map(({ node }) => node);
}

/** Returns true if code with these reads and comparisons fails to type-check after TypeScript narrows by the test. */
function isAgainst(
  { path, constant, equal, few }: Test,
  reads: ReadonlyMap<string, number>,
  compared: readonly Test[],
): boolean {
  if (constant === undefined) return reads.has(path);
  if (!equal && !few) return false;
  const again = compared.filter((other) => other.path === path);
  if (again.some((other) => (other.constant === constant) !== equal)) return true;
  // In the other outcome of the same comparison, the path has type `never`, and its sum is a number.
  return again.length > 0 && (reads.get(path) ?? 0) > again.length;
}

function countsOf(paths: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
}

/** Returns the fields read by `optional` that TypeScript narrows to unset in `other`, which replaces it. */
export function contradictedDefault(optional: Node, other: Node, aliases: NameValues): readonly Node[] {
  const fields = triedIn(optional);
  const reads = new Set<string | undefined>(fields.length === 0 ? [] : pathsIn(other, aliases));
  return fields.filter((field) => reads.has(pathOf(field, aliases)));
}
/** Returns the fields of `x.?f.or(y.?g)`. */
function triedIn(optional: Node): readonly Node[] {
  if (optional.kind === "select") return isTried(optional) ? [optional] : [];
  return optional.kind === "call" && optional.overload === "optional_or" ? optional.args.flatMap(triedIn) : [];
}

/** Returns true if it is printed as a property that may be `undefined`. */
function isTried({ optional, test, field }: Node & { kind: "select" }): boolean {
  return optional === true && !test && typeof field !== "string" && presenceOf(field) === "optional";
}

/**
 * Returns the return type of a function that tests a condition of an item. TypeScript would infer a type predicate from
 * `item === "a"`, and conclude that all items are "a".
 */
export function returnsOf(condition: Node, item: Variable): "" | ": boolean" {
  const tests = known(condition, true, aliasesIn([condition]));
  return tests.some(({ path, equal, few }) => path === item.name && (equal || few)) ? ": boolean" : "";
}
/** Returns the comparisons of a name that is no field, such as `error.code`, with a constant. */
export function comparisonsWith(node: Node, name: string): readonly Node[] {
  return comparisonsIn(node, aliasesIn([node])).flatMap((test) => (test.path === name ? [test.node] : []));
}

/** Returns the values that `cel.bind` binds anywhere in the nodes. */
export function aliasesIn(nodes: readonly Node[], constant: NameValues["constant"] = () => undefined): NameValues {
  const bound = new Map<Variable, Node>();
  const open = [...nodes];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === "macro" && node.macro === "bind" && node.vars[0] !== undefined)
      bound.set(node.vars[0], node.range);
    open.push(...childrenOf(node));
  }
  return { bound: (variable) => bound.get(variable), constant };
}

/** Returns the tests that follow from the node's outcome. `behind`: a cache of the same for values behind names. */
function known(
  node: Node,
  outcome: boolean,
  aliases: NameValues,
  behind: Record<"true" | "false", Map<Node, readonly Test[]>> = { true: new Map(), false: new Map() },
): readonly Test[] {
  const inside = printedAs(node);
  if (inside !== undefined) return known(inside, outcome, aliases, behind);
  if (node.kind === "select" && node.test) {
    const unset = unsetPaths(node, outcome, aliases).map(
      (path): Test => ({ node, path, constant: undefined, equal: false, few: true }),
    );
    const compared = comparisonOf(node, aliases);
    return compared === undefined ? unset : [...unset, { ...compared, equal: compared.equal === outcome }];
  }
  if (node.kind === "ok") {
    if (node.known !== undefined || node.field !== undefined) return [];
    // If the rest reads an absent variable, the whole expression is evaluated only if that variable is present.
    const path = node.set || node.variable.absent ? node.variable.name : undefined;
    return outcome || path === undefined ? [] : [{ node, path, constant: undefined, equal: false, few: true }];
  }
  // A bool is its own comparison with true.
  const path = node.type.kind === "bool" ? pathOf(node, aliases) : undefined;
  if (path !== undefined) {
    const nameTest: Test = { node, path, constant: "true", equal: outcome, few: true };
    const value = node.kind === "name" ? (aliases.bound(node.variable) ?? aliases.constant(node.variable)) : undefined;
    if (value === undefined) return [nameTest];
    const memo = behind[`${outcome}`];
    const tests = memo.get(value) ?? distinct(known(value, outcome, aliases, behind));
    memo.set(value, tests);
    // The hidden node is the name.
    return [nameTest, ...tests.map((test) => ({ ...test, node }))];
  }
  if (node.kind !== "call") return [];
  const [first] = node.args;
  if (node.overload === "optional_has_value" && first !== undefined) {
    const path = outcome || triedIn(first).length === 0 ? undefined : pathOf(first, aliases);
    return path === undefined ? [] : [{ node, path, constant: undefined, equal: false, few: true }];
  }
  if (node.overload === "logical_not" && first !== undefined) return known(first, !outcome, aliases, behind);
  const comparison = comparisonOf(node, aliases);
  if (comparison !== undefined) return [{ ...comparison, equal: comparison.equal === outcome }];
  // `(a == b) == true`
  const compared = comparedWith(node);
  if (compared !== undefined) return known(compared.test, compared.value === outcome, aliases, behind);
  if (node.overload !== "logical_and" && node.overload !== "logical_or") return [];
  // Operands that are known beforehand are not printed, so that only the other operand remains.
  const open = node.args.filter((arg) => outcomeOf(arg) === undefined);
  const each = open.map((arg) => known(arg, outcome, aliases, behind));
  if (node.overload === (outcome ? "logical_and" : "logical_or")) return each.flat();
  // One of the operands has this outcome, so a test is known if all of them contain it.
  const [head = [], ...others] = each;
  const keys = others.map((tests) => new Set(tests.map(keyOf)));
  return head.filter((test) => keys.every((known) => known.has(keyOf(test))));
}

/** Returns the paths that a test of presence reveals to be unset: the field, or all other members of its oneof. */
function unsetPaths(test: Node & { kind: "select" }, outcome: boolean, aliases: NameValues): readonly string[] {
  const path = pathOf(test, aliases);
  if (path === undefined || typeof test.field === "string") return [];
  if (!outcome) return [path];
  const { name, oneof } = test.field;
  const others = oneof?.fields.filter((field) => field.name !== name) ?? [];
  return others.map((field) => `${path.slice(0, -name.length)}${field.name}`);
}

const keyOf = ({ path, equal, constant }: Test): string => `${path} ${equal} ${constant}`;
function distinct(tests: readonly Test[]): readonly Test[] {
  return [...new Map(tests.map((test) => [keyOf(test), test])).values()];
}

function comparisonOf(node: Node, aliases: NameValues): Test | undefined {
  if (node.kind === "select" && node.test) return comparedWithZero(node, aliases);
  if (node.kind !== "call" || (node.overload !== "equals" && node.overload !== "not_equals")) return undefined;
  const [first, second] = node.args;
  if (first === undefined || second === undefined) return undefined;
  const [constant, of] = [
    [constantOf(second, aliases), first] as const,
    [constantOf(first, aliases), second] as const,
  ].find(([value]) => value !== undefined) ?? [undefined, first];
  const path = isPresence(of) ? undefined : pathOf(of, aliases);
  if (path === undefined || constant === undefined) return undefined;
  const few = of.type.kind === "bool" || of.proto?.kind === "enum";
  return { node, path, constant, equal: node.overload === "equals", few };
}
/** Returns the printed comparison for `has(x.f)`, if an unset field reads as zero: `x.f` differs from zero. */
function comparedWithZero(node: Node & { kind: "select" }, aliases: NameValues): Test | undefined {
  const { field } = node;
  if (typeof field === "string" || presenceOf(field) !== "implicit") return undefined;
  const path = pathOf(node, aliases);
  const kind = fieldType(field).type.kind;
  if (path === undefined || kind === "list" || kind === "map" || kind === "bytes") return undefined;
  if (kind === "bool") return { node, path, constant: "true", equal: true, few: true };
  return { node, path, constant: kind === "string" ? "" : "0", equal: false, few: field.fieldKind === "enum" };
}
/** Returns true if the presence of a field is tested, and not its value. */
function isPresence(node: Node): boolean {
  const inside = printedAs(node);
  return inside === undefined ? node.kind === "select" && node.test : isPresence(inside);
}
function constantOf(node: Node, aliases: NameValues): string | undefined {
  if (node.kind === "enum") return String(node.value.number);
  if (node.kind === "name") {
    const behind = aliases.bound(node.variable);
    return behind && constantOf(behind, aliases);
  }
  return node.kind === "constant" && !(node.value instanceof Uint8Array) ? String(node.value) : undefined;
}

function comparisonsIn(node: Node, aliases: NameValues): readonly Test[] {
  return everyNode(node, aliases).flatMap((inner) => comparisonOf(inner, aliases) ?? []);
}

/** Returns the paths of all fields that a node reads or tests. */
function pathsIn(node: Node, aliases: NameValues): readonly string[] {
  return everyNode(node, aliases).flatMap((inner) => pathOf(inner, aliases) ?? []);
}

/** Returns the node and all its printed parts, with the values bound to its names, each once. */
function everyNode(root: Node, aliases: NameValues): readonly Node[] {
  const found: Node[] = [];
  const seen = new Set<Variable>();
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    found.push(node);
    open.push(...partsOf(node));
    if (node.kind !== "name" || seen.has(node.variable)) continue;
    seen.add(node.variable);
    const behind = aliases.bound(node.variable);
    if (behind !== undefined) open.push(behind);
  }
  return found;
}

/** Returns the part of a node that may be printed in its place. */
function printedAs(node: Node): Node | undefined {
  if (node.kind === "macro" && node.macro === "bind") return node.args[0];
  if (node.kind === "call" && node.overload === "conditional") return chosenOf(node);
  if (node.kind !== "call" || node.overload !== "optional_or_value") return undefined;
  const [optional] = node.args;
  return optional?.kind === "call" && optional.overload === "optional_of" ? optional.args[0] : undefined;
}

function pathOf(node: Node, aliases: NameValues): string | undefined {
  const inside = printedAs(node);
  if (inside !== undefined) return pathOf(inside, aliases);
  if (node.kind === "name") {
    const behind = aliases.bound(node.variable);
    // `failure(step)` reads nothing of the step, whose name it has.
    const rootName = node.variable.role === "failure" ? `failure(${node.variable.name})` : node.variable.name;
    return (behind && pathOf(behind, aliases)) ?? rootName;
  }
  if (node.kind !== "select" || typeof node.field === "string") return undefined;
  const of = pathOf(node.of, aliases);
  return of === undefined ? undefined : `${of}.${node.field.name}`;
}

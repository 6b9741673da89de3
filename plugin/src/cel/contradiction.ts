// TypeScript narrows as well: where `has(x.f)` is false it knows that `x.f` is undefined, and refuses code that reads on below it. CEL reads
// a default there. And where `x.f == 'a'` is true, it refuses to compare `x.f` with 'b'. Such tests have to be hidden from TypeScript.
import type { Node } from "./expression.ts";
import { partsOf } from "./mentions.ts";
import type { Variable } from "./type.ts";

/** A test of presence, or a comparison of a path with a constant. */
interface Test {
  readonly node: Node;
  readonly path: string;
  /** What the path is known to be, or (`equal` false) not to be; undefined for a test of presence. */
  readonly constant: string | undefined;
  readonly equal: boolean;
}

/** The tests in `condition` of which TypeScript, when it has this outcome, remembers too much for `region`, which is evaluated only then. */
export function contradicted(condition: Node, outcome: boolean, region: Node): readonly Node[] {
  const tests = known(condition, outcome);
  if (tests.length === 0) return [];
  const reads = new Set(pathsIn(region));
  const compared = comparisonsIn(region);
  return tests
    .filter(({ path, constant, equal }) =>
      constant === undefined
        ? reads.has(path)
        : compared.some((other) => other.path === path && (other.constant === constant) !== equal),
    )
    .map(({ node }) => node);
}

/** The same for items that a condition lets through, which have another name in `region`: TypeScript makes a type predicate of the condition. */
export function contradictedItem(condition: Node, item: Variable, region: Node, name: Variable): readonly Node[] {
  const compared = comparisonsIn(region).filter(({ path }) => path === name.name);
  return known(condition, true)
    .filter(
      ({ path, constant, equal }) =>
        path === item.name && compared.some((other) => (other.constant === constant) !== equal),
    )
    .map(({ node }) => node);
}
/** Whether a condition compares the item itself with a constant. */
export function comparesItself(condition: Node, item: Variable): boolean {
  return known(condition, true).some(({ path }) => path === item.name);
}

/** What is known of paths when the node has this outcome. */
function known(node: Node, outcome: boolean): readonly Test[] {
  if (node.kind === "select" && node.test) {
    const path = pathOf(node);
    return outcome || path === undefined ? [] : [{ node, path, constant: undefined, equal: false }];
  }
  // A bool is its own comparison with true.
  const path = node.type.kind === "bool" ? pathOf(node) : undefined;
  if (path !== undefined) return [{ node, path, constant: "true", equal: outcome }];
  if (node.kind !== "call") return [];
  const [first] = node.args;
  if (node.overload === "logical_not" && first !== undefined) return known(first, !outcome);
  const comparison = comparisonOf(node);
  if (comparison !== undefined) return [{ ...comparison, equal: comparison.equal === outcome }];
  const decided = node.overload === (outcome ? "logical_and" : "logical_or");
  return decided ? node.args.flatMap((arg) => known(arg, outcome)) : [];
}

function comparisonOf(node: Node): Test | undefined {
  if (node.kind !== "call" || (node.overload !== "equals" && node.overload !== "not_equals")) return undefined;
  const [first, second] = node.args;
  if (first === undefined || second === undefined) return undefined;
  const path = pathOf(first) ?? pathOf(second);
  const constant = constantOf(first) ?? constantOf(second);
  return path === undefined || constant === undefined
    ? undefined
    : { node, path, constant, equal: node.overload === "equals" };
}
function constantOf(node: Node): string | undefined {
  if (node.kind === "enum") return String(node.value.number);
  return node.kind === "constant" && !(node.value instanceof Uint8Array) ? String(node.value) : undefined;
}

function comparisonsIn(node: Node): readonly Test[] {
  const own = comparisonOf(node);
  return [...(own === undefined ? [] : [own]), ...partsOf(node).flatMap(comparisonsIn)];
}

/** The paths of all fields that are read or asked for in a node. */
function pathsIn(node: Node): readonly string[] {
  const own = pathOf(node);
  return [...(own === undefined ? [] : [own]), ...partsOf(node).flatMap(pathsIn)];
}

function pathOf(node: Node): string | undefined {
  if (node.kind === "name") return node.variable.name;
  if (node.kind !== "select" || typeof node.field === "string") return undefined;
  const of = pathOf(node.of);
  return of === undefined ? undefined : `${of}.${node.field.name}`;
}

// TypeScript narrows as well: where `has(x.f)` is false it knows that `x.f` is undefined, and refuses code that reads on below it. CEL reads
// a default there, so that such a test has to be hidden from TypeScript.
import type { Node } from "./expression.ts";
import { partsOf } from "./mentions.ts";

type Test = Node & { readonly kind: "select" };

/** The tests of presence in `condition` that are false when it has this outcome, although `region`, evaluated only then, reads their fields. */
export function contradicted(condition: Node, outcome: boolean, region: Node): readonly Test[] {
  const tests = falseTests(condition, outcome);
  if (tests.length === 0) return tests;
  const reads = new Set(pathsIn(region));
  return tests.filter((test) => reads.has(pathOf(test) ?? ""));
}

function falseTests(node: Node, outcome: boolean): readonly Test[] {
  if (node.kind === "select" && node.test) return outcome ? [] : [node];
  if (node.kind !== "call") return [];
  const [first] = node.args;
  if (node.overload === "logical_not" && first !== undefined) return falseTests(first, !outcome);
  const decided = node.overload === (outcome ? "logical_and" : "logical_or");
  return decided ? node.args.flatMap((arg) => falseTests(arg, outcome)) : [];
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

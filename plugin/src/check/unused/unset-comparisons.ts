// Comparisons of two fields of one upstream message that may be unset: both fields are then zero, and therefore equal.

import type { DescField } from "@bufbuild/protobuf";
import { childrenOf, type Node, type Variable } from "../../cel/index.ts";
import { caution } from "../../diagnostic/diagnostic.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import { EMPTY } from "../../resolve/model/missing/missing-hints.ts";
import type { Model, Step } from "../../resolve/model/model.ts";
import { type Check, namedExpressions } from "../check.ts";

export const unsetComparisons: Check = {
  rules: {
    BFF656:
      "Two fields of an upstream's message are compared only if the message is set. In an unset message both have the value zero.",
  },
  run(model, report) {
    const upstream = upstreamMessages(model);
    const steps = new Map(blocksOf(model).flatMap(({ steps }) => steps.map((step) => [step.variable, step] as const)));
    for (const { result, of, before } of namedExpressions(model)) {
      const tests = [...of, ...before].flatMap(({ root }) => testsIn(root));
      for (const comparison of of.flatMap(({ root }) => comparisonsIn(root))) {
        const [left, right] = comparison.args.map(comparedPath);
        const message = left && right && commonMessage(expand(left, steps), expand(right, steps));
        if (left === undefined || message === undefined || !upstream(message)) continue;
        const name = nameOf(message);
        const known = [...tests, ...testsBehind(left, steps)];
        if (known.some((test) => `${nameOf(expand(test, steps))}.`.startsWith(`${name}.`))) continue;
        const zero = EMPTY[comparison.args[0]?.type.kind ?? "dyn"];
        caution(report, "BFF656", comparison.at, {
          message: `${result} compares two fields of "${name}", which are both ${zero} if the message is unset`,
          hint: `test the message before, as in has(${name}) && …`,
        });
      }
    }
  },
};

type Call = Node & { readonly kind: "call" };
/** A name, and the fields after it. */
interface Path {
  readonly root: Variable;
  readonly fields: readonly DescField[];
}

/** Returns whether the message at a path is an upstream's, or a copy of one. Clients set those of requests. */
function upstreamMessages({ ir, messages }: Model): (path: Path) => boolean {
  const composed = new Set(
    ir.files
      .flatMap((file) => file.messages)
      .flatMap(({ desc, alias, subset }) => (alias === undefined || subset !== undefined ? [desc.typeName] : [])),
  );
  const requested = new Set(
    messages.flatMap(({ args }) => args.members.filter((arg) => arg.ofRequest).map((arg) => arg.variable)),
  );
  return ({ root, fields }) =>
    root.role !== "args" && !requested.has(root) && !composed.has(fields.at(-1)?.message?.typeName ?? "");
}

function comparisonsIn(node: Node): readonly Call[] {
  const inside = childrenOf(node).flatMap(comparisonsIn);
  return isComparison(node) ? [...inside, node] : inside;
}
const isComparison = (node: Node): node is Call => node.kind === "call" && /^_(==|!=|<=?|>=?)_$/.test(node.fn);

/** Returns the paths whose messages are set where an expression is true: in `has`, in `.?`, and beside a constant. */
function testsIn(node: Node): readonly Path[] {
  const inside = childrenOf(node).flatMap(testsIn);
  const tested = node.kind === "select" && (node.test || node.optional) ? { ...node, test: false } : undefined;
  if (tested !== undefined) return [...inside, ...pathOf(tested)];
  const isFixed = isComparison(node) && node.args.some(({ kind }) => kind === "constant" || kind === "enum");
  return isFixed ? [...inside, ...node.args.flatMap((arg) => comparedPath(arg) ?? [])] : inside;
}

/** Tests of the steps whose paths a path continues. */
function testsBehind({ root }: Path, steps: ReadonlyMap<Variable | undefined, Step>): readonly Path[] {
  const step = steps.get(root);
  if (step?.source.kind !== "by" || !step.source.by.path) return [];
  const before = pathOf(step.source.by.root).flatMap((path) => testsBehind(path, steps));
  return [...before, ...(step.if === undefined ? [] : testsIn(step.if.root))];
}

/** Returns the path of a scalar with a known zero, also within a conversion. */
function comparedPath(node: Node): Path | undefined {
  if (EMPTY[node.type.kind] === undefined) return undefined;
  if (node.kind === "call" && CONVERSIONS.has(node.fn) && node.args[0] !== undefined) return comparedPath(node.args[0]);
  return pathOf(node)[0];
}
const CONVERSIONS: ReadonlySet<string> = new Set(["int", "uint", "double"]);

function pathOf(node: Node): readonly Path[] {
  if (node.kind === "name") return [{ root: node.variable, fields: [] }];
  if (node.kind !== "select" || node.test || typeof node.field === "string") return [];
  const { field } = node;
  return pathOf(node.of).map(({ root, fields }) => ({ root, fields: [...fields, field] }));
}

/** Returns the path without the names of steps that are paths. */
function expand(path: Path, steps: ReadonlyMap<Variable | undefined, Step>): Path {
  const step = steps.get(path.root);
  const [before] = step?.source.kind === "by" && step.source.by.path ? pathOf(step.source.by.root) : [];
  if (before === undefined) return path;
  const { root, fields } = expand(before, steps);
  return { root, fields: [...fields, ...path.fields] };
}

/** Returns the path to the deepest message that two fields belong to, if the message is a field. */
function commonMessage(left: Path, right: Path): Path | undefined {
  if (left.root !== right.root) return undefined;
  const differs = left.fields.findIndex((field, index) => field !== right.fields[index]);
  const fields = left.fields.slice(0, differs);
  return differs > 0 && fields.length < right.fields.length ? { root: left.root, fields } : undefined;
}

const nameOf = ({ root, fields }: Path): string =>
  [root.role === "arg" ? `args.${root.name}` : root.name, ...fields.map(({ name }) => name)].join(".");

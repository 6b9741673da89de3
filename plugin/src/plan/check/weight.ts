// Amount of logic in a BFF: operations, branches, branches on client headers, and overlap between two BFFs.
import { childrenOf, type Expression, type Node, type Variable } from "../../cel/index.ts";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import { fullName } from "../../model/full-name.ts";
import { callsIn, callsOf, expressionsIn, sourceExpressions } from "../../resolve/model/blocks.ts";
import type { Block } from "../../resolve/model/model.ts";
import type { PlanBlock, PlanMessage } from "../model/messages.ts";
import type { Plan, PlanFile } from "../model/plan.ts";
import { reachedInOrder, rootsOf } from "./max-calls.ts";

/** Weight of a composed message, of a service's `let`, or of a permit. */
interface BlockWeight {
  readonly block: PlanBlock["composed"];
  /** Name of the message or of the service. */
  readonly name: string;
  readonly steps: number;
  /** Operators, functions, macros, conditions and error handling. Reads, literals and copies do not count. */
  readonly logic: number;
  /** Conditions: of steps, guards, cases, members, requests, lists, errors, and in expressions. */
  readonly branches: number;
  /** Branches that read client headers, directly or through a step. */
  readonly onHeaders: readonly Origin[];
}
/**
 * Overlap of two packages: the share of the smaller package that the other package also has, in per cent. Messages that
 * both packages compose do not count.
 */
interface Overlap {
  readonly packages: readonly [string, string];
  /** Upstream methods that are called, and the fields read from their answers. */
  readonly reads: number;
  /** Operations in equal expressions over equal calls. */
  readonly logic: number;
}
export interface Weight {
  readonly blocks: readonly BlockWeight[];
  readonly overlaps: readonly Overlap[];
}

export function weightOf(plan: Plan): Weight {
  const messages = new Map(plan.messages.map((message) => [message.composed.desc.typeName, message]));
  const packages = Map.groupBy(
    plan.files.filter(({ services }) => services.length > 0),
    ({ desc }) => desc.proto.package,
  );
  const sides = [...packages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, files]) => sideOf(name, files, messages));
  const blocks = new Map(sides.flatMap(({ reached }) => [...reached].map((block) => [block.composed, block] as const)));
  return {
    blocks: [...blocks.keys()].map(blockWeight).sort((a, b) => b.logic - a.logic || (a.name < b.name ? -1 : 1)),
    overlaps: sides.flatMap((side, i) => sides.slice(i + 1).map((other) => overlapOf(side, other))),
  };
}

// ---- one block ----

/** The logic of a subset belongs to the composed message. */
const isSubset = (block: PlanBlock["composed"]): boolean =>
  (block.kind === "composed" || block.kind === "opening") && block.ir.subset !== undefined;

function blockWeight(block: PlanBlock["composed"]): BlockWeight {
  if (isSubset(block)) {
    const nothing = { logic: 0, branches: 0, onHeaders: [] };
    return { block, name: block.desc.typeName, steps: block.steps.length, ...nothing };
  }
  const expressions = expressionsIn(block);
  const tainted = clientSteps(block);
  const conditions = conditionsOf(block).filter((condition) => condition !== undefined);
  const rules = callsIn(block).reduce((sum, { onError }) => sum + onError.length, 0);
  const inside = expressions.flatMap(({ root }) => choicesIn(root));
  const onHeaders = [
    ...conditions.flatMap(({ root, text }) => (reads(root, tainted) ? [text.at] : [])),
    ...inside.filter((node) => reads(node, tainted)).map(({ at }) => at),
  ];
  return {
    block,
    name: block.kind === "permit" ? `${block.desc.typeName}/${block.rpc.desc.name}` : block.desc.typeName,
    steps: block.steps.length,
    logic: sum(expressions.map(operations)) + conditions.length + rules,
    branches: conditions.length + inside.length + rules,
    onHeaders: [...new Map(onHeaders.map((at) => [`${at.file}:${at.line}:${at.column}`, at])).values()],
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Operators, functions and macros of an expression. */
function operations({ root }: Expression): number {
  return countIn(root);
}
function countIn(node: Node): number {
  const weight = node.kind === "call" || node.kind === "macro" || node.kind === "ok" ? 1 : 0;
  return weight + sum(childrenOf(node).map(countIn));
}

/** Returns the conditions that decide if something runs, or which alternative runs. */
function conditionsOf({ steps, targets }: Pick<Block, "steps" | "targets">): readonly (Expression | undefined)[] {
  const ofSteps = steps.flatMap(({ if: condition, source }) => [
    condition,
    ...(source.kind === "guard" ? [source.if] : []),
    ...(source.kind === "each" ? [source.if] : []),
    ...(source.kind === "switch" ? source.cases.map((branch) => branch.if) : []),
    ...callsOf(source).flatMap((call) => [...call.set, ...call.metadata].map((binding) => binding.if)),
  ]);
  return [
    ...ofSteps,
    ...targets.flatMap((target) => (target.kind === "field" ? [] : target.members.map((member) => member.if))),
  ];
}

/** The conditions of `? :` in an expression. */
function choicesIn(node: Node): readonly Node[] {
  const test = node.kind === "call" && node.overload === "conditional" ? node.args.slice(0, 1) : [];
  return [...test, ...childrenOf(node).flatMap(choicesIn)];
}

/** The steps whose values are made of headers. */
function clientSteps({ steps, shared }: Pick<Block, "steps" | "shared">): ReadonlySet<Variable> {
  const found = new Set<Variable>();
  const visit = ({ variable, source }: Block["steps"][number]): void => {
    if (variable === undefined) return;
    const sources = source.kind === "shared" ? source.of : [{ source }];
    const fromClient = sources.some(
      ({ source: of }) =>
        (of.kind === "by" || of.kind === "switch") &&
        sourceExpressions(of).some((expression) => expression !== undefined && reads(expression.root, found)),
    );
    if (fromClient) found.add(variable);
  };
  for (const step of [...shared, ...steps]) visit(step);
  return found;
}

function reads(node: Node, tainted: ReadonlySet<Variable>): boolean {
  if (node.kind === "name" && (node.variable.role === "headers" || tainted.has(node.variable))) return true;
  return childrenOf(node).some((child) => reads(child, tainted));
}

// ---- two packages ----

interface Side {
  readonly name: string;
  readonly reached: ReadonlySet<WeighedBlock>;
}
type WeighedBlock = PlanBlock;

function sideOf(name: string, files: readonly PlanFile[], messages: ReadonlyMap<string, PlanMessage>): Side {
  const methods = files.flatMap(({ services }) => services.flatMap((service) => service.methods));
  return { name, reached: new Set(methods.flatMap((method) => reachedInOrder(rootsOf(method), messages))) };
}

function overlapOf(left: Side, right: Side): Overlap {
  const [leftOnly, rightOnly] = [declaredIn(left, right), declaredIn(right, left)];
  const [a, b] = [logicOf(leftOnly), logicOf(rightOnly)];
  const [read, alsoRead] = [readsOf(leftOnly), readsOf(rightOnly)];
  const inBoth = [...a].filter(([text]) => b.has(text)).map(([, count]) => count);
  return {
    packages: [left.name, right.name],
    reads: percent(read.intersection(alsoRead).size, Math.min(read.size, alsoRead.size)),
    logic: percent(sum(inBoth), Math.min(sum([...a.values()]), sum([...b.values()]))),
  };
}
/** Returns what one side alone reaches, without subsets. */
function declaredIn({ reached }: Side, other: Side): ReadonlySet<WeighedBlock> {
  return new Set([...reached.difference(other.reached)].filter(({ composed }) => !isSubset(composed)));
}
const percent = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 100));

/**
 * Returns the operations of each expression that decides something, once per expression. Steps appear as their methods,
 * since names are chosen freely.
 */
function logicOf(blocks: ReadonlySet<WeighedBlock>): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { composed } of blocks) {
    const calls = calledBy(composed);
    for (const expression of expressionsIn(composed)) {
      const count = operations(expression);
      if (count > 0) found.set(textOf(expression, calls), count);
    }
  }
  return found;
}

/**
 * Returns the methods that are called, with the fields read from their answers: `up.v1.ItemService/GetItem size.width`.
 */
function readsOf(blocks: ReadonlySet<WeighedBlock>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { composed } of blocks) {
    const calls = calledBy(composed);
    for (const method of calls.values()) found.add(method);
    const visit = (node: Node): void => {
      const path = pathOf(node, calls);
      if (path !== undefined) found.add(path);
      else for (const child of childrenOf(node)) visit(child);
    };
    for (const { root } of expressionsIn(composed)) visit(root);
  }
  return found;
}

function pathOf(node: Node, calls: ReadonlyMap<string, string>): string | undefined {
  const fields: string[] = [];
  let at = node;
  for (; at.kind === "select"; at = at.of) fields.unshift(typeof at.field === "string" ? at.field : at.field.name);
  const method = at.kind === "name" && at.variable.role === "step" ? calls.get(at.variable.name) : undefined;
  return method === undefined || fields.length === 0 ? undefined : `${method} ${fields.join(".")}`;
}

/** Returns the method of each named step. */
function calledBy({ steps }: Pick<Block, "steps">): ReadonlyMap<string, string> {
  return new Map(
    steps.flatMap(({ name, source }) =>
      name === undefined ? [] : callsOf(source).map(({ method }) => [name, fullName(method)] as const),
    ),
  );
}

const NAME = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?<![\w.])[A-Za-z_]\w*|\s+/g;
/** Returns the text without blanks, and with methods in place of the names of steps. */
function textOf({ text }: Expression, calls: ReadonlyMap<string, string>): string {
  return text.value.replace(NAME, (token) => (/^\s/.test(token) ? "" : (calls.get(token) ?? token)));
}

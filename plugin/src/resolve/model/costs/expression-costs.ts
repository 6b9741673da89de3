// Upper bounds of the steps that nested macros of an expression take for one request.
import type { DescFile } from "@bufbuild/protobuf";
import { childrenOf, type Expression, type Node, type Variable } from "../../../cel/index.ts";
import { blocksOf, expressionsIn, sourceExpressions } from "../blocks.ts";
import type { Model, Step } from "../model.ts";
import { MAX_CLIENT_ITEMS } from "../request-lists.ts";
import { greater, isLong, ListSizes, type Size } from "./list-sizes.ts";

/** Steps of an expression for one request. */
export interface Cost {
  /** Product of the lists that a client sizes. */
  readonly client: number;
  /** Product of all lists. */
  readonly all: number;
  /** The lists whose product this is. */
  readonly lists: readonly Size[];
}

const known = new WeakMap<Model, ReadonlyMap<Expression, Cost>>();

/** Returns the costs of all expressions with macros. They are computed once for each model. */
export function expressionCosts(model: Model): ReadonlyMap<Expression, Cost> {
  const costs = known.get(model) ?? compute(model);
  known.set(model, costs);
  return costs;
}

export type CostlyExpression = readonly [Expression, Cost];

/** Returns the expressions of a file whose steps are more than the items of a list of a request. */
export function costsIn({ name }: DescFile, model: Model): readonly CostlyExpression[] {
  const isOfFile = ([{ text }, { all }]: CostlyExpression): boolean =>
    all > MAX_CLIENT_ITEMS && text.at.file === `${name}.proto`;
  return [...expressionCosts(model)].filter(isOfFile);
}

/** List items around a part of an expression, and macros over the lists inside of them. */
interface EnclosingItems {
  readonly cost: Cost;
  /** Variables of items. True: a macro over lists inside of the item is around the part. */
  readonly items: ReadonlyMap<Variable, boolean>;
}
const OUTSIDE: EnclosingItems = { cost: { client: 1, all: 1, lists: [] }, items: new Map() };

function compute(model: Model): ReadonlyMap<Expression, Cost> {
  const sizes = new ListSizes(model);
  const costs = new Map<Expression, Cost>();
  const add = (expression: Expression | undefined, enclosing = OUTSIDE): void => {
    if (expression === undefined || costs.has(expression)) return;
    const cost = costOf(expression.root, enclosing, sizes);
    if (cost.lists.length > 0) costs.set(expression, cost);
  };
  for (const block of blocksOf(model)) {
    for (const step of block.steps) addItems(step, sizes, add);
    for (const expression of expressionsIn(block)) add(expression);
  }
  for (const { uses } of model.limits)
    for (const use of uses) for (const expression of [use.key, use.if, use.cost]) add(expression);
  for (const { expression } of sizes.rules) add(expression);
  return costs;
}

/** Adds the expressions that a step evaluates for each item of a list. */
function addItems(
  { source }: Step,
  sizes: ListSizes,
  add: (expression: Expression | undefined, enclosing: EnclosingItems) => void,
): void {
  if (source.kind !== "each") return;
  const enclosing = repeated(OUTSIDE, { range: source.in.root, vars: [source.item] }, sizes, sizes.ofEach(source));
  for (const expression of [source.if, source.key, ...sourceExpressions(source.source)]) add(expression, enclosing);
}

/** Macros that evaluate their arguments for each item. */
const LOOPS = /^(all|exists|exists_one|map|filter|first|sortBy|sortDesc|reduce|transform\w+)$/;

/** Returns the cost of the most costly part of an expression. */
function costOf(node: Node, enclosing: EnclosingItems, sizes: ListSizes): Cost {
  const parts = childrenOf(node);
  if (node.kind !== "macro" || !LOOPS.test(node.macro)) {
    if (node.kind === "macro") for (const variable of node.vars) sizes.define(variable, node.range);
    return parts.map((part) => costOf(part, enclosing, sizes)).reduce(greater, enclosing.cost);
  }
  const inside = repeated(enclosing, node, sizes);
  const [range, ...args] = parts;
  const ofRange = range === undefined ? enclosing.cost : costOf(range, enclosing, sizes);
  return args.map((arg) => costOf(arg, inside, sizes)).reduce(greater, greater(inside.cost, ofRange));
}

/** Returns the surroundings of the body of a macro. */
function repeated(
  { cost, items }: EnclosingItems,
  { range, vars }: { readonly range: Node; readonly vars: readonly Variable[] },
  sizes: ListSizes,
  size = sizes.of(range),
): EnclosingItems {
  const item = itemBehind(range, items);
  for (const variable of vars) sizes.defineItem(variable, range);
  // Lists inside of the items of a list have together no more items than their message has elements.
  const isInside = item !== undefined && items.get(item) === false;
  const inside = isInside
    ? greater(cost, { client: size.client, all: size.all, lists: [size] })
    : { client: cost.client * size.client, all: cost.all * size.all, lists: [...cost.lists, size] };
  const used = item === undefined ? items : new Map([...items, [item, true] as const]);
  return { cost: inside, items: new Map([...used, ...vars.map((variable) => [variable, false] as const)]) };
}

/** Returns the variable of the item that contains a list. */
function itemBehind(node: Node, items: EnclosingItems["items"]): Variable | undefined {
  switch (node.kind) {
    case "name":
      return items.has(node.variable) ? node.variable : undefined;
    case "select":
    case "extension":
      return itemBehind(node.of, items);
    case "macro":
      return itemBehind(node.range, items);
    case "call": {
      const long = node.args.filter(({ type }) => isLong(type));
      const [first, ...others] = (long.length > 0 ? long : node.args.slice(0, 1)).map((arg) => itemBehind(arg, items));
      return others.every((other) => other === first) ? first : undefined;
    }
    default:
      return undefined;
  }
}

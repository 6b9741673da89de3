// Reads of fields of composed messages that can be missing (language.md, "When a value is missing").
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { Ast, CallAst, Span } from "../../syntax/ast.ts";
import { dottedName } from "../../syntax/ast.ts";
import { childrenOf } from "../../types/facts/children.ts";
import { factsOf } from "../../types/facts/facts.ts";
import { holdsDyn, messagesInside } from "../../types/facts/held-types.ts";
import {
  factsAbout,
  fieldPath,
  fieldVariable,
  gapsIn,
  isComplete,
  itemFacts,
  keepGaps,
  pathText,
  placesOf,
  placeVariable,
} from "../../types/facts/places.ts";
import type { CallNode, CelType, Lack, Node, Read, Variable } from "../../types/model/type.ts";
import type { CelPlace, Checker } from "../checker.ts";

const BOOL: CelType = { kind: "bool" };

interface FieldRead {
  readonly of: Node;
  readonly field: DescField;
  readonly ast: Span;
  /** True in `has`. */
  readonly test: boolean;
}

/**
 * Records the read of a field that can be missing. After a name, the field is a separate read that narrowing can make safe.
 * In other messages, such as an item of a macro, an unsafe read is a gap of the node.
 */
export function missingRead(
  checker: Checker,
  { of, field, ast, test }: FieldRead,
  place: CelPlace,
): { readonly place?: Variable; readonly gap?: Lack } {
  const lack = checker.scope.lackOf?.(field);
  if (lack === undefined || isComplete(of)) return {};
  const before = fieldPath(of);
  const tested = test || place.tested !== undefined;
  if (before === undefined) return tested ? {} : { gap: lack };
  const path = [...before.path, field];
  const variable = placeVariable({ root: before.root, path }, lack);
  if (before.root.role !== "local") {
    checker.read(variable, tested ? "ok" : "value", ast, place);
    return { place: variable };
  }
  const safe = tested || isKnown(variable, place);
  return safe ? { place: variable } : { place: variable, gap: lack };
}

function isKnown(variable: Variable, { known, items }: CelPlace): boolean {
  const { missing } = variable;
  if (known.has(variable) || missing?.root === undefined) return known.has(variable);
  return items?.get(missing.root)?.has(pathText(missing.path)) === true;
}

/**
 * Checks `ok(x.f)`: neither the name nor a field on the path is missing. Undefined after a diagnostic; "received" if the
 * value can never lack a field.
 */
export function checkOkField(
  checker: Checker,
  ast: CallAst,
  arg: Ast,
  place: CelPlace,
): Node | "not missing" | "received" | undefined {
  if (dottedName(arg) === undefined) return checker.check(arg, place) && "received";
  const node = checker.check(arg, { ...place, tested: "ok" });
  if (node === undefined) return undefined;
  const root = fieldPath(node)?.root;
  if (root === undefined || placesOf(node).length === 0) return isComplete(node) ? "received" : "not missing";
  const tests = testsOf(checker, ast, node, place);
  return tests.reduce((left, right) => ({
    ...checker.base(ast, BOOL),
    kind: "call",
    fn: "_&&_",
    overload: "logical_and",
    args: [left, right],
  }));
}

/** Returns the tests of a path: of its name, and of its fields in order. */
function testsOf(checker: Checker, ast: Span, node: Node, place: CelPlace): Node[] {
  const test = (variable: Variable, field?: (Node & { kind: "ok" })["field"]): Node => {
    const decided = isKnown(variable, place) || place.gone.has(variable);
    const more = { ...(field && { field }), ...(decided && { known: isKnown(variable, place) }) };
    return { ...checker.base(ast, BOOL), kind: "ok", variable, ...more };
  };
  if (node.kind === "name") return node.variable.absent ? [test(node.variable)] : [];
  if (node.kind !== "select" || typeof node.field === "string") return [];
  const before = testsOf(checker, ast, node.of, place);
  return node.place === undefined ? before : [...before, test(node.place, { of: node.of, field: node.field })];
}

/** Returns the place of a macro's body: conditions of the same chain make fields of its item safe. */
export function withItemFacts(place: CelPlace, range: Node, vars: readonly Variable[]): CelPlace {
  const item = vars.at(-1);
  const facts = item && itemFacts(range, (condition) => factsOf(condition).whenTrue);
  if (item === undefined || facts === undefined || facts.size === 0) return place;
  return { ...place, items: new Map([...(place.items ?? []), [item, facts]]) };
}

/** Returns the place of a macro's second body, which is evaluated only if the first one holds. */
export function whereItemHolds(place: CelPlace, condition: Node | undefined, vars: readonly Variable[]): CelPlace {
  const { whenTrue } = condition === undefined ? { whenTrue: NOTHING } : factsOf(condition);
  const items = new Map(place.items);
  for (const variable of vars) {
    const facts = factsAbout(variable, whenTrue);
    if (facts.size > 0) items.set(variable, facts.union(items.get(variable) ?? NONE));
  }
  return { ...place, items };
}
const NOTHING: ReadonlySet<Variable> = new Set();
const NONE: ReadonlySet<string> = new Set();

/** Functions whose result depends on everything in their operands, as that of a function of the user does. */
const READS_ALL: ReadonlySet<string> = new Set([
  ...["_==_", "_!=_", "@in", "distinct", "optional.ofNonZeroValue"],
  ...["sets.contains", "sets.equivalent", "sets.intersects"],
]);

/** Returns why a message in the operands of a call that reads all of them can lack a field. */
export function gapOfCall(
  { scope }: Checker,
  { fn, overload, userFunction }: CallNode,
  args: readonly Node[],
): { readonly gap?: Lack } {
  if (userFunction === undefined && (overload === "in_map" || !READS_ALL.has(fn))) return {};
  const lacks = fieldsIn(args).flatMap((field) => scope.lackOf?.(field) ?? []);
  const gap = lacks.find((lack) => lack === "failure") ?? lacks[0];
  return gap === undefined ? {} : { gap };
}

const fieldsIn = (args: readonly Node[]): readonly DescField[] =>
  [...new Set(args.flatMap(messagesIn))].flatMap(({ fields }) => fields);

/** Returns the messages in a value that may be computed. */
function messagesIn(node: Node): readonly DescMessage[] {
  if (isComplete(node)) return [];
  return [...messagesInside(node.type), ...(holdsDyn(node.type) ? childrenOf(node).flatMap(messagesIn) : [])];
}

/** Returns the read that represents all unsafe reads of items. Undefined: there are none. */
export function readOfItems(checker: Checker, root: Node): Read | undefined {
  if (checker.scope.lackOf === undefined) return undefined;
  const gaps = gapsIn(root);
  const first = gaps.find(({ kind }) => kind === "select") ?? gaps[0];
  if (first === undefined) return undefined;
  const lack = gaps.some(({ gap }) => gap === "failure") ? "failure" : "absence";
  const name = checker.textOf(checker.spanOf(first));
  const whole = first.kind === "call";
  const field = whole ? fieldsIn(first.args).find((part) => checker.scope.lackOf?.(part)) : first.field;
  if (field === undefined || typeof field === "string") return undefined;
  const variable = fieldVariable(name, { root: undefined, path: [field], lack, ...(whole && { whole }) });
  keepGaps(variable, root);
  return { variable, kind: "value", safe: false, at: first.at };
}

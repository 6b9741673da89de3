// Fields of composed messages that can be missing, as variables: narrowing treats them like steps.
import type { DescField } from "@bufbuild/protobuf";
import { fieldType } from "../model/field-type.ts";
import type { Lack, Node, Variable } from "../model/type.ts";
import { childrenOf } from "./children.ts";

/** A name with fields after it. */
interface FieldPath {
  readonly root: Variable;
  readonly path: readonly DescField[];
}

const known = new WeakMap<Variable, Map<string, Variable>>();

/** Returns the text of the fields after a name: `product.price`. */
export const pathText = (path: readonly DescField[]): string => path.map(({ name }) => name).join(".");

/** Returns the variable of a field. Equal paths after one name have one variable. */
export function placeVariable({ root, path }: FieldPath, lack: Lack): Variable {
  const fields = known.get(root) ?? new Map<string, Variable>();
  known.set(root, fields);
  const text = pathText(path);
  const before = fields.get(text);
  if (before !== undefined) return before;
  const name = `${root.role === "arg" ? "args." : ""}${root.name}.${text}`;
  const variable = fieldVariable(name, { root, path, lack });
  fields.set(text, variable);
  return variable;
}

/** Returns a variable that represents a read of a field. */
export function fieldVariable(name: string, missing: NonNullable<Variable["missing"]>): Variable {
  const field = missing.path.at(-1);
  const form = field === undefined ? { type: { kind: "dyn" } as const, proto: undefined } : fieldType(field);
  return { name, role: "field", ...form, absent: true, missing };
}

/** Returns the name and the fields of a plain path. */
export function fieldPath(node: Node): FieldPath | undefined {
  if (node.kind === "name") return { root: node.variable, path: [] };
  if (node.kind !== "select" || node.test || node.optional || typeof node.field === "string") return undefined;
  const before = fieldPath(node.of);
  return before && { root: before.root, path: [...before.path, node.field] };
}

/** Returns the variables of all fields on a path that can be missing, the first one first. */
export function placesOf(node: Node): readonly Variable[] {
  if (node.kind !== "select") return [];
  return [...placesOf(node.of), ...(node.place === undefined ? [] : [node.place])];
}

/** Returns true if a value is received from a client or an upstream. Such messages have no missing fields. */
export function isComplete(node: Node): boolean {
  switch (node.kind) {
    case "name":
      return node.variable.complete === true;
    case "select":
    case "extension":
      return isComplete(node.of);
    case "constant":
      return true;
    case "call":
      return (node.overload === "conditional" ? node.args.slice(1) : node.args.slice(0, 1)).every(isComplete);
    case "list":
      return node.elements.every(isComplete);
    case "map":
      return node.entries.every(([, value]) => isComplete(value));
    case "macro":
      return MADE_BY_BODY.has(node.macro) ? node.args.every(isComplete) : isComplete(node.range);
    default:
      return false;
  }
}
/** Macros whose results are made by their last body. */
const MADE_BY_BODY: ReadonlySet<string> = new Set([
  ...["map", "transformList", "transformMap", "transformMapEntry"],
  ...["bind", "optMap", "optFlatMap", "reduce"],
]);

/** Returns the fields of an item that are not missing in any item of a range: `filter(x, ok(x.price))` has "price". */
export function itemFacts(range: Node, whenTrue: (condition: Node) => ReadonlySet<Variable>): ReadonlySet<string> {
  if (range.kind === "macro") {
    const [condition] = range.args;
    const before = KEEPS_ITEMS.has(range.macro) ? itemFacts(range.range, whenTrue) : NONE;
    const item = range.vars.at(-1);
    if (range.macro !== "filter" || condition === undefined || item === undefined) return before;
    return before.union(factsAbout(item, whenTrue(condition)));
  }
  const [first] = range.kind === "call" && KEEPS_ITEMS.has(range.overload) ? range.args : [];
  return first === undefined ? NONE : itemFacts(first, whenTrue);
}
const NONE: ReadonlySet<string> = new Set();
const KEEPS_ITEMS: ReadonlySet<string> = new Set([
  ...["filter", "sortBy", "sortDesc"],
  ...["take", "list_slice", "list_reverse", "list_distinct", "list_sort", "list_sort_desc"],
]);

/** Returns the paths after a variable among fields that have a value. */
export function factsAbout(item: Variable, fields: ReadonlySet<Variable>): ReadonlySet<string> {
  return new Set([...fields].flatMap(({ missing }) => (missing?.root === item ? [pathText(missing.path)] : [])));
}

/** Returns the unsafe reads of items, and of whole messages, in an expression. */
export function gapsIn(node: Node): readonly (Node & { readonly kind: "select" | "call" })[] {
  const inside = childrenOf(node).flatMap(gapsIn);
  return (node.kind === "select" || node.kind === "call") && node.gap !== undefined ? [...inside, node] : inside;
}

const behind = new WeakMap<Variable, Node>();

/** Keeps the expression whose unsafe reads of items a variable represents. */
export function keepGaps(variable: Variable, root: Node): void {
  behind.set(variable, root);
}
/** Returns that expression. */
export const expressionOfGaps = (variable: Variable): Node | undefined => behind.get(variable);

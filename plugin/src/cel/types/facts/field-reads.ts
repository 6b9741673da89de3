// The fields that an expression reads of its variables.
import type { DescField } from "@bufbuild/protobuf";
import type { Node, Variable } from "../model/type.ts";
import { childrenOf } from "./children.ts";

/** One read of a value. Lists, maps and optionals on the path count for each of their items. */
export interface FieldRead {
  /** Fields from the value down to the part that is read. */
  readonly path: readonly DescField[];
  /** True if everything inside the part is read. False: only if there is a value, or how many items. */
  readonly whole: boolean;
  /** True if the part is in the expression's value, where others may read it. */
  readonly passed: boolean;
}

/** The read of a value that is passed on as it is. */
export const PASSED: readonly FieldRead[] = [{ path: [], whole: true, passed: true }];
/** The read of all of a value, which is not passed on. */
export const WHOLE: readonly FieldRead[] = [{ path: [], whole: true, passed: false }];
/** The test whether there is a value, or the number of its items. */
export const ITSELF: readonly FieldRead[] = [{ path: [], whole: false, passed: false }];
/** More reads of one value count as a read of all of it. */
const MAX_READS = 100;

/**
 * Returns the reads of each variable.
 *
 * @param demand the reads of the expression's value
 */
export function fieldReads(
  root: Node,
  demand: readonly FieldRead[] = PASSED,
): ReadonlyMap<Variable, readonly FieldRead[]> {
  const reads = new Map<Variable, readonly FieldRead[]>();
  collect(root, demand, reads);
  return reads;
}

/** Joins reads of one value. */
export function joinReads(...all: readonly (readonly FieldRead[])[]): readonly FieldRead[] {
  const joined = [...new Map(all.flat().map((read) => [keyOf(read), read])).values()];
  return joined.length <= MAX_READS ? joined : [{ path: [], whole: true, passed: joined.some(({ passed }) => passed) }];
}
const keyOf = ({ path, whole, passed }: FieldRead): string =>
  `${path.map(({ number }) => number).join(".")} ${whole} ${passed}`;

type Reads = Map<Variable, readonly FieldRead[]>;

function collect(node: Node, demand: readonly FieldRead[], reads: Reads): void {
  switch (node.kind) {
    case "name":
      reads.set(node.variable, joinReads(reads.get(node.variable) ?? [], demand));
      return;
    case "ok":
      if (node.field === undefined) reads.set(node.variable, joinReads(reads.get(node.variable) ?? [], ITSELF));
      else collect(node.field.of, behind(node.field.field, ITSELF), reads);
      return;
    case "select":
      collect(node.of, selected(node, demand), reads);
      return;
    case "call":
      node.args.forEach((arg, i) => void collect(arg, demandOf(node.overload, i, demand), reads));
      return;
    case "list":
      for (const element of node.elements) collect(element, demand, reads);
      return;
    case "map":
      for (const [key, value] of node.entries) {
        collect(key, WHOLE, reads);
        collect(value, demand, reads);
      }
      return;
    case "message":
      for (const { field, value } of node.fields) collect(value, inField(field, demand), reads);
      return;
    case "macro":
      collectMacro(node, demand, reads);
      return;
    default:
      for (const child of childrenOf(node)) collect(child, WHOLE, reads);
  }
}

function selected(
  { of, field, test }: Node & { readonly kind: "select" },
  demand: readonly FieldRead[],
): readonly FieldRead[] {
  const inside = test ? ITSELF : demand;
  if (typeof field !== "string") return behind(field, inside);
  const type = of.type.kind === "optional" ? of.type.of : of.type;
  return type.kind === "map" ? inside : WHOLE;
}
const behind = (field: DescField, demand: readonly FieldRead[]): readonly FieldRead[] =>
  demand.map((read) => ({ ...read, path: [field, ...read.path] }));

/** Returns the reads of a field's value among those of its message. */
function inField(field: DescField, demand: readonly FieldRead[]): readonly FieldRead[] {
  const inside = demand.flatMap((read) => {
    const [first, ...path] = read.path;
    if (first === undefined) return [read];
    return first.number === field.number ? [{ ...read, path }] : [];
  });
  return inside.length === 0 ? ITSELF : inside;
}

/** Calls whose result is one of these operands, or is made of its items. */
const PASSED_ON: Readonly<Record<string, readonly number[]>> = {
  conditional: [1, 2],
  add_list: [0, 1],
  index_list: [0],
  index_map: [0],
  list_first: [0],
  list_flatten: [0],
  list_flatten_depth: [0],
  list_last: [0],
  list_reverse: [0],
  list_slice: [0],
  optional_index: [0],
  optional_of: [0],
  optional_or: [0, 1],
  optional_or_value: [0, 1],
  optional_unwrap: [0],
  optional_value: [0],
  take: [0],
};
/** Calls that read nothing inside an operand. */
const COUNTED: Readonly<Record<string, number>> = { size_list: 0, size_map: 0, optional_has_value: 0, in_map: 1 };
function demandOf(overload: string, operand: number, demand: readonly FieldRead[]): readonly FieldRead[] {
  if (PASSED_ON[overload]?.includes(operand)) return demand;
  return COUNTED[overload] === operand ? ITSELF : WHOLE;
}

/** Macros whose results are items of their range. */
const KEEPS_ITEMS: ReadonlySet<string> = new Set(["filter", "first", "sortBy", "sortDesc"]);
/** Macros whose results are made by their last body. */
const MADE_BY_BODY: ReadonlySet<string> = new Set([
  ...["map", "transformList", "transformMap", "transformMapEntry"],
  ...["bind", "optMap", "optFlatMap"],
]);

function collectMacro(
  { macro, range, vars, args }: Node & { readonly kind: "macro" },
  demand: readonly FieldRead[],
  reads: Reads,
): void {
  for (const [i, body] of args.entries())
    collect(body, MADE_BY_BODY.has(macro) && i === args.length - 1 ? demand : WHOLE, reads);
  // A single variable over a map is its key, which has no fields.
  const item = vars.length === 1 && range.type.kind === "map" ? undefined : vars.at(-1);
  const ofItem = (item && reads.get(item)) ?? [];
  for (const variable of vars) reads.delete(variable);
  collect(range, joinReads(ITSELF, ofItem, KEEPS_ITEMS.has(macro) ? demand : []), reads);
}

// The fields that an expression reads of the values under its names.
import type { TreeReport } from "../behaviour.ts";

export interface TreeRead {
  /** Names of fields, down to the part that is read. */
  readonly path: readonly string[];
  /** True if everything inside the part is read. */
  readonly whole: boolean;
  /** True if the part is in the expression's value. */
  readonly passed: boolean;
}
type Demand = readonly TreeRead[];
type Reads = Map<string, Demand>;

const PASSED: Demand = [{ path: [], whole: true, passed: true }];
const WHOLE: Demand = [{ path: [], whole: true, passed: false }];
const ITSELF: Demand = [{ path: [], whole: false, passed: false }];

/** Returns the reads of each name. */
export function fieldReads(tree: TreeReport): ReadonlyMap<string, Demand> {
  return readsIn(tree, PASSED);
}

function readsIn(tree: TreeReport, demand: Demand): Reads {
  if ("name" in tree) return new Map([[tree.name, demand]]);
  if ("ok" in tree) return new Map([[tree.ok, ITSELF]]);
  if ("there" in tree) return readsIn(tree.of, behind(tree.there, ITSELF));
  if ("get" in tree) return readsIn(tree.of, behind(tree.get, tree.test ? ITSELF : demand));
  if ("call" in tree) return joined(tree.args.map((arg, i) => readsIn(arg, demandOf(tree.call, i, demand))));
  if ("list" in tree) return joined(tree.list.map((element) => readsIn(element, demand)));
  if ("entries" in tree)
    return joined(tree.entries.flatMap(([key, value]) => [readsIn(key, WHOLE), readsIn(value, demand)]));
  if ("message" in tree) return joined(tree.fields.map(({ name, by }) => readsIn(by, inField(name, demand))));
  return "macro" in tree ? ofMacro(tree, demand) : new Map();
}

const behind = (field: string, demand: Demand): Demand =>
  demand.map((read) => ({ ...read, path: [field, ...read.path] }));
const inField = (name: string, demand: Demand): Demand =>
  demand.flatMap((read) => {
    const [first, ...path] = read.path;
    if (first === undefined) return [read];
    return first === name ? [{ ...read, path }] : [];
  });
function joined(all: readonly Reads[]): Reads {
  const reads: Reads = new Map();
  for (const [name, demand] of all.flatMap((of) => [...of])) reads.set(name, [...(reads.get(name) ?? []), ...demand]);
  return reads;
}

/** Operands whose value, or whose items, are the value of a call. */
const PASSED_ON: Readonly<Record<string, readonly number[]>> = {
  conditional: [1, 2],
  ...Object.fromEntries(["add_list", "optional_or", "optional_or_value"].map((call) => [call, [0, 1]])),
  ...Object.fromEntries(
    [
      ...["index_list", "index_map", "optional_index", "optional_of", "optional_unwrap", "optional_value"],
      ...["list_first", "list_flatten", "list_flatten_depth", "list_last", "list_reverse", "list_slice", "take"],
    ].map((call) => [call, [0]]),
  ),
};
/** Operands whose contents are not read. */
const COUNTED: Readonly<Record<string, number>> = { size_list: 0, size_map: 0, optional_has_value: 0, in_map: 1 };
function demandOf(call: string, operand: number, demand: Demand): Demand {
  if (PASSED_ON[call]?.includes(operand)) return demand;
  return COUNTED[call] === operand ? ITSELF : WHOLE;
}

const KEEPS_ITEMS: ReadonlySet<string> = new Set(["filter", "first", "sortBy", "sortDesc"]);
const LAST_BODY: ReadonlySet<string> = new Set([
  ...["map", "transformList", "transformMap", "transformMapEntry", "bind", "optMap", "optFlatMap"],
]);
function ofMacro({ macro, range, vars, args }: Extract<TreeReport, { readonly macro: string }>, demand: Demand): Reads {
  const bodies = joined(
    args.map((body, i) => readsIn(body, LAST_BODY.has(macro) && i === args.length - 1 ? demand : WHOLE)),
  );
  const items = bodies.get(vars.at(-1) ?? "") ?? [];
  for (const name of vars) bodies.delete(name);
  return joined([bodies, readsIn(range, [...ITSELF, ...items, ...(KEEPS_ITEMS.has(macro) ? demand : [])])]);
}

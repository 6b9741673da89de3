import type { Ast } from "./ast.ts";

/** Arguments of a macro: the number of variables, then the number of expressions that may use them. */
type Shape = readonly [variables: number, bodies: number];

const SHAPES: ReadonlyMap<string, readonly Shape[]> = new Map<string, readonly Shape[]>([
  [
    "all",
    [
      [1, 1],
      [2, 1],
    ],
  ],
  [
    "exists",
    [
      [1, 1],
      [2, 1],
    ],
  ],
  [
    "exists_one",
    [
      [1, 1],
      [2, 1],
    ],
  ],
  [
    "existsOne",
    [
      [1, 1],
      [2, 1],
    ],
  ],
  [
    "map",
    [
      [1, 1],
      [1, 2],
    ],
  ],
  ["filter", [[1, 1]]],
  ["sortBy", [[1, 1]]],
  ["sortDesc", [[1, 1]]],
  ["first", [[1, 1]]],
  // Its last part, the start value, does not see the variables.
  ["reduce", [[2, 2]]],
  [
    "transformList",
    [
      [2, 1],
      [2, 2],
    ],
  ],
  [
    "transformMap",
    [
      [2, 1],
      [2, 2],
    ],
  ],
  [
    "transformMapEntry",
    [
      [2, 1],
      [2, 2],
    ],
  ],
  ["optMap", [[1, 1]]],
  ["optFlatMap", [[1, 1]]],
]);

/** The names of all macros but `has`. */
export const MACROS: ReadonlySet<string> = new Set(SHAPES.keys());

/** A macro that binds names, taken apart. */
export interface MacroCall {
  readonly macro: string;
  /** The range or the bound value, which does not see the variables. */
  readonly range: Ast;
  readonly variables: readonly Ast[];
  readonly bodies: readonly Ast[];
}

/** Returns undefined if the call is no macro; "malformed" if it has the name of a macro and wrong arguments. */
export function macroCall(ast: Ast & { kind: "call" }): MacroCall | "malformed" | undefined {
  const { fn, target, args } = ast;
  if (target === undefined) return undefined;
  if (fn === "bind" && target.kind === "ident" && target.name === "cel") {
    const [variable, range, body] = args;
    if (variable === undefined || range === undefined || body === undefined || args.length !== 3) return "malformed";
    return { macro: "bind", range, variables: [variable], bodies: [body] };
  }
  const shapes = SHAPES.get(fn);
  // `list.first()` and `list.sortDesc()` are functions.
  if (shapes === undefined || (args.length === 0 && (fn === "first" || fn === "sortDesc"))) return undefined;
  const [variables] = shapes.find(([names, bodies]) => names + bodies === args.length) ?? [];
  if (variables === undefined) return "malformed";
  const macro = fn === "existsOne" ? "exists_one" : fn;
  return { macro, range: target, variables: args.slice(0, variables), bodies: args.slice(variables) };
}

/** Returns the form of a macro, for a hint. */
export function macroForm(fn: string): string {
  if (fn === "bind") return "cel.bind(name, value, …)";
  if (fn === "reduce") return "x.reduce(result, item, …, 0)";
  const [[variables] = [1]] = SHAPES.get(fn) ?? [];
  return variables === 1 ? `x.${fn}(item, …)` : `x.${fn}(key, value, …)`;
}

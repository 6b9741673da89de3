import { assignable, sameType } from "./assignable.ts";
import { type Overload, overloadsOf } from "./signatures.ts";
import type { CelType } from "./type.ts";

export type Match = { readonly overload: Overload; readonly result: CelType; readonly params: readonly CelType[] };

const NUMBERS: ReadonlySet<string> = new Set(["int", "uint", "double"]);

/**
 * The overload that takes these operands. "none": there is none; "ambiguous": operands of type dyn leave several.
 * An operand of a wrapper type counts as its value, one of type dyn as anything.
 */
export function resolveCall(fn: string, method: boolean, args: readonly CelType[]): Match | "none" | "ambiguous" {
  const candidates = overloadsOf(fn).filter(
    (overload) => overload.method === method && overload.params.length === args.length,
  );
  const generic = args.some((arg) => arg.kind === "dyn");
  const matches = candidates.flatMap((overload) => match(overload, args) ?? []);
  const exact = matches.filter(({ overload }) => !isDynamic(overload));
  if (!generic) return exact[0] ?? "none";
  const dynamic = matches.find(({ overload }) => isDynamic(overload));
  if (dynamic !== undefined && (exact.length !== 1 || args[0]?.kind === "dyn")) return dynamic;
  const [only, ...rest] = exact;
  if (only === undefined) return dynamic ?? "none";
  return rest.length === 0 ? only : "ambiguous";
}

function isDynamic(overload: Overload): boolean {
  return overload.params.every((param) => param.kind === "dyn") && overload.params.length > 0;
}

function match(overload: Overload, args: readonly CelType[]): Match | undefined {
  const bound = new Map<string, CelType>();
  for (const [index, param] of overload.params.entries()) {
    const arg = args[index];
    if (arg === undefined || !unify(param, arg, bound)) return undefined;
  }
  return {
    overload,
    result: substitute(overload.result, bound),
    params: overload.params.map((param) => substitute(param, bound)),
  };
}

/** Makes `param` take `arg`, remembering what its type parameters stand for. */
function unify(param: CelType, arg: CelType, bound: Map<string, CelType>): boolean {
  if (param.kind === "param") {
    if (param.name === "number") return isNumber(arg.kind === "wrapper" ? arg.of : arg);
    const known = bound.get(param.name);
    if (known === undefined) {
      bound.set(param.name, arg);
      return true;
    }
    if (known.kind === "param" || (assignable(known, arg) && !sameType(known, arg) && arg.kind !== "dyn")) {
      bound.set(param.name, arg);
      return true;
    }
    return arg.kind === "param" || assignable(arg, known) || (isNumber(arg) && isNumber(known));
  }
  if (arg.kind === "dyn" || arg.kind === "param") return true;
  if (arg.kind === "wrapper" && param.kind !== "wrapper" && param.kind !== "dyn") return unify(param, arg.of, bound);
  switch (param.kind) {
    case "dyn":
      return arg.kind !== "struct";
    case "list":
      return arg.kind === "list" && unify(param.element, arg.element, bound);
    case "map":
      return arg.kind === "map" && unify(param.key, arg.key, bound) && unify(param.value, arg.value, bound);
    case "optional":
    case "type":
      return arg.kind === param.kind && unify(param.of, arg.of, bound);
    default:
      return sameType(param, arg);
  }
}

function isNumber(type: CelType): boolean {
  return NUMBERS.has(type.kind);
}

function substitute(type: CelType, bound: ReadonlyMap<string, CelType>): CelType {
  switch (type.kind) {
    case "param":
      return bound.get(type.name) ?? type;
    case "list":
      return { kind: "list", element: substitute(type.element, bound) };
    case "map":
      return { kind: "map", key: substitute(type.key, bound), value: substitute(type.value, bound) };
    case "optional":
    case "type":
      return { kind: type.kind, of: substitute(type.of, bound) };
    default:
      return type;
  }
}

/** Whether `==` can say anything about two values of these types. */
export function comparable(a: CelType, b: CelType): boolean {
  if (a.kind === "struct" || b.kind === "struct") return false;
  const plainA = a.kind === "wrapper" ? a.of : a;
  const plainB = b.kind === "wrapper" ? b.of : b;
  if (isNumber(plainA) && isNumber(plainB)) return true;
  if (a.kind === "list" && b.kind === "list") return comparable(a.element, b.element);
  if (a.kind === "map" && b.kind === "map") return comparable(a.key, b.key) && comparable(a.value, b.value);
  return assignable(a, b) || assignable(b, a);
}

/** The overloads to show when none fits: those that take the first operand, when there are any. */
export function nearestOverloads(fn: string, args: readonly CelType[]): readonly Overload[] {
  const all = overloadsOf(fn).filter((overload) => !isDynamic(overload));
  const [first] = args;
  const near = all.filter(
    ({ params: [param] }) => first !== undefined && param !== undefined && unify(param, first, new Map()),
  );
  return near.length > 0 ? near : all;
}

import type { CelType, Overload } from "../model/type.ts";
import { isExactType, type TypeVariables } from "../model/type-variables.ts";
import type { Language } from "./language.ts";
import { isMixed, overloadsOf } from "./signatures.ts";

export interface Match {
  /** All overloads that take the operands; more than one only when operands are dyn. */
  readonly overloads: readonly [Overload, ...Overload[]];
  readonly result: CelType;
  /** Types that the first overload requires of the operands. */
  readonly params: readonly CelType[];
}

/** Returns the overloads of a function. Packages had a namespace `money` before the library: their functions win. */
export function candidatesOf(fn: string, language: Language): readonly Overload[] {
  const declared = language.functions.filter((overload) => overload.fn === fn);
  const standard = overloadsOf(fn).filter((overload) => language.mixedNumbers || !isMixed(overload));
  if (declared.length > 0 && fn.startsWith("money.")) return declared;
  return declared.length === 0 ? standard : [...standard, ...declared];
}

/** The overloads that take these operands, as cel-go finds them; undefined when none does. */
export function resolveCall(
  fn: string,
  method: boolean,
  args: readonly CelType[],
  types: TypeVariables,
  language: Language,
): Match | undefined {
  let match: { overloads: [Overload, ...Overload[]]; result: CelType; params: readonly CelType[] } | undefined;
  for (const overload of candidatesOf(fn, language)) {
    if (overload.method !== method || overload.params.length !== args.length) continue;
    const [result = overload.result, ...params] = types.instance([overload.result, ...overload.params]);
    if (!types.allAssignable(args, params)) continue;
    const known = types.resolve(result);
    if (match === undefined) {
      match = { overloads: [overload], result: known, params };
      continue;
    }
    match.overloads.push(overload);
    if (match.result.kind !== "dyn" && !isExactType(known, match.result)) match.result = { kind: "dyn" };
  }
  return match;
}

/** Returns true if `==` can compare values of these types, including their elements and entries. */
export function comparable(a: CelType, b: CelType): boolean {
  if (a.kind === "wrapper") return comparable(a.of, b);
  if (b.kind === "wrapper") return comparable(a, b.of);
  if (a.kind === "list" && b.kind === "list") return comparable(a.element, b.element);
  if (a.kind === "map" && b.kind === "map") return comparable(a.key, b.key) && comparable(a.value, b.value);
  return isNumber(a) && isNumber(b) ? true : a.kind === "dyn" || b.kind === "dyn" || isExactType(a, b);
}

function isNumber({ kind }: CelType): boolean {
  return kind === "int" || kind === "uint" || kind === "double";
}

/**
 * Returns the overloads to show if none fits. They have the same number of operands, and accept the first operand if
 * any of them does.
 */
export function nearestOverloads(
  fn: string,
  args: readonly CelType[],
  types: TypeVariables,
  language: Language,
): readonly Overload[] {
  // An index into an optional is not the typical intention.
  const all = candidatesOf(fn, language).filter(
    (overload) => !isMixed(overload) && (overload.params[0]?.kind !== "optional" || !/^_\[/.test(fn)),
  );
  const [first] = args;
  if (first === undefined) return all;
  const alike = all.filter(({ params }) => params.length === args.length);
  const candidates = alike.length > 0 ? alike : all;
  const near = candidates.filter(({ params: [param] }) => {
    const [paramType] = param === undefined ? [] : types.instance([param]);
    return paramType !== undefined && types.assignable(first, paramType);
  });
  return near.length > 0 ? near : candidates;
}

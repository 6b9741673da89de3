// CEL's `&&`, `||`, `all` and `exists` let an error pass only when no operand decides (CEL spec, "Logical Operators").
import { ExpressionError } from "./value/error.ts";
import { spend } from "./value/meter.ts";

/** Steps of an error that is absorbed in a macro: to throw and catch it takes as long as this many iterations. */
const ABSORBED = 100;

/** Returns true if all operands are true. The first error is thrown if no operand is false. */
export function and(...operands: readonly (() => boolean)[]): boolean {
  return decide(operands, (operand) => operand(), false);
}

/** Returns true if an operand is true. The first error is thrown if no operand is true. */
export function or(...operands: readonly (() => boolean)[]): boolean {
  return decide(operands, (operand) => operand(), true);
}

/** As `and`, in a macro that counts its steps. */
export function countedAnd(...operands: readonly (() => boolean)[]): boolean {
  return decide(operands, (operand) => operand(), false, ABSORBED);
}

/** As `or`, in a macro that counts its steps. */
export function countedOr(...operands: readonly (() => boolean)[]): boolean {
  return decide(operands, (operand) => operand(), true, ABSORBED);
}

/** Returns true if `test` holds for every item. The first error is thrown if it is false for none. */
export function all<T>(items: readonly T[], test: (item: T, position: number) => boolean): boolean {
  return decide(items, test, false, ABSORBED);
}

/** Returns true if `test` holds for an item. The first error is thrown if it is true for none. */
export function exists<T>(items: readonly T[], test: (item: T, position: number) => boolean): boolean {
  return decide(items, test, true, ABSORBED);
}

function decide<T>(
  items: readonly T[],
  test: (item: T, position: number) => boolean,
  deciding: boolean,
  steps = 0,
): boolean {
  let failed = false;
  let failure: unknown;
  for (const [position, item] of items.entries()) {
    try {
      if (test(item, position) === deciding) return deciding;
    } catch (error) {
      // Any other failure ends the request.
      if (!(error instanceof ExpressionError)) throw error;
      if (steps > 0) spend(steps);
      if (!failed) failure = error;
      failed = true;
    }
  }
  if (failed) throw failure;
  return !deciding;
}

/**
 * Returns a function that evaluates the thunk at its first call. A value of `cel.bind` may not be needed, and its error
 * then does not matter.
 */
export function once<T>(make: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => {
    result ??= { value: make() };
    return result.value;
  };
}

/** Replaces a function that does not exist for these operands. Throws ExpressionError. */
export function noFunction(name: string, ..._operands: readonly unknown[]): never {
  throw new ExpressionError(`no such overload: ${name}`);
}

// CEL's `&&`, `||`, `all` and `exists` let an error pass only when no operand decides (CEL spec, "Logical Operators").

/** Whether all hold. The first error is thrown when no operand is false. */
export function and(...operands: readonly (() => boolean)[]): boolean {
  return decide(operands, (operand) => operand(), false);
}

/** Whether one holds. The first error is thrown when no operand is true. */
export function or(...operands: readonly (() => boolean)[]): boolean {
  return decide(operands, (operand) => operand(), true);
}

/** Whether `test` holds for every item. The first error is thrown when it is false for none. */
export function all<T>(items: readonly T[], test: (item: T) => boolean): boolean {
  return decide(items, test, false);
}

/** Whether `test` holds for an item. The first error is thrown when it is true for none. */
export function exists<T>(items: readonly T[], test: (item: T) => boolean): boolean {
  return decide(items, test, true);
}

function decide<T>(items: readonly T[], test: (item: T) => boolean, deciding: boolean): boolean {
  let failed = false;
  let failure: unknown;
  for (const item of items) {
    try {
      if (test(item) === deciding) return deciding;
    } catch (error) {
      if (!failed) failure = error;
      failed = true;
    }
  }
  if (failed) throw failure;
  return !deciding;
}

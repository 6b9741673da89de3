import { ExpressionError } from "./value/error.ts";

/**
 * A field of a message, where an expression is strict.
 *
 * @throws ExpressionError when it is unset
 */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new ExpressionError("a field that is unset");
  return value;
}

/** Whether a condition holds. One that cannot be evaluated does not. */
export function holds(condition: () => boolean): boolean {
  try {
    return condition();
  } catch {
    return false; // a function of the user may have thrown anything
  }
}

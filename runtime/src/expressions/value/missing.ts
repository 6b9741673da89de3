// Fields of composed messages that are missing, because a step behind them has no value (language.md, "When a value is
// missing").
import { ExpressionError } from "./error.ts";
import { Optional } from "./optional.ts";

/** Key of the names of missing fields in a message. The property is not enumerable, and only set if a field is missing. */
const MISSING: unique symbol = Symbol("missing fields");

interface Incomplete {
  readonly [MISSING]?: Set<string>;
}

/**
 * Records that a field of a message is missing.
 *
 * @example
 * leaveMissing(product, "price");
 */
export function leaveMissing(message: object, field: string): void {
  const known = (message as Incomplete)[MISSING];
  if (known !== undefined) known.add(field);
  else Object.defineProperty(message, MISSING, { value: new Set([field]), configurable: true });
}

/**
 * Reports whether a field of a composed message is missing. An unset field is not missing.
 *
 * @example
 * if (isMissing(line.product, "price")) return undefined;
 */
export function isMissing(message: object | null | undefined, field: string): boolean {
  return (message as Incomplete | null | undefined)?.[MISSING]?.has(field) === true;
}

/**
 * Reports whether a message in a value, at any depth, has a missing field.
 *
 * @example
 * if (lacksFields(order.lines)) return undefined;
 */
export function lacksFields(value: unknown): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  if (value instanceof Optional) return lacksFields(value.inner);
  if ((value as Incomplete)[MISSING] !== undefined) return true;
  return (value instanceof Map ? [...value.values()] : Object.values(value)).some(lacksFields);
}

/**
 * Copies the missing fields of a message to its copy.
 *
 * @param names names of the copy's fields, by names of the message's
 * @example
 * return withMissing(from, copy, { price: "amount" });
 */
export function withMissing<T extends object>(from: object, copy: T, names: Readonly<Record<string, string>>): T {
  for (const field of (from as Incomplete)[MISSING] ?? []) {
    const name = Object.hasOwn(names, field) ? names[field] : undefined;
    if (name !== undefined) leaveMissing(copy, name);
  }
  return copy;
}

/**
 * Evaluates a test for missing fields. An error in it is one of the expression behind the test, and counts as false.
 *
 * @example
 * finds(() => order.lines[0].parts.some((part) => isMissing(part, "price")));
 */
export function finds(test: () => boolean): boolean {
  try {
    return test();
  } catch (error) {
    // Any other failure ends the request.
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}

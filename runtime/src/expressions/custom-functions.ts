// Functions of the user that expressions call.

import { markedRecords, recordOf } from "../wire/record.ts";
import { typeName } from "./conversion/conversion.ts";
import { ExpressionError } from "./value/error.ts";

/**
 * Name of a function in expressions, and the type of its result: `string`, `int`, `list(dyn)`, `map(list(int))` (the
 * type of its values), the full name of a message.
 */
export type CustomFunction = readonly [name: string, result: string];

/**
 * Wraps the user's functions for expressions. A wrapped function throws ExpressionError for an error of the user's
 * function, and for a result of another type: nothing, a promise, a number for an int.
 *
 * @param implementation the functions, called as methods of this object
 * @param functions the declared functions by member
 * @param sensitive true if arguments may be sensitive values: the texts of errors are then left out
 * @example
 * const { slug } = customFunctions({ slug: (title: string) => title.toLowerCase() }, { slug: ["text.slug", "string"] });
 * slug("Hello"); // "hello"
 */
export function customFunctions<F extends object>(
  implementation: F,
  functions: { readonly [Name in keyof F]: CustomFunction },
  sensitive = false,
): F {
  const members = implementation as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
  const wrapped = Object.entries<CustomFunction>(functions).map(([member, [name, result]]) => [
    member,
    (...args: readonly unknown[]) => {
      let value: unknown;
      try {
        value = members[member]?.(...args);
      } catch (thrown) {
        throw new ExpressionError(sensitive ? `${name} threw` : `${name} threw: ${shown(thrown)}`, { cause: thrown });
      }
      return checked(name, result, value);
    },
  ]);
  return Object.fromEntries(wrapped) as F;
}

const INTEGERS: Readonly<Record<string, (value: bigint) => bigint>> = {
  int: (value) => BigInt.asIntN(64, value),
  uint: (value) => BigInt.asUintN(64, value),
};

function checked(name: string, result: string, value: unknown): unknown {
  if (value instanceof Promise) {
    // The promise is not awaited, and its rejection must not be unhandled.
    value.catch(() => {});
    throw new ExpressionError(`${name} gave a promise, and expressions do not wait`);
  }
  const [, kind = result, contents] = CONTAINER.exec(result) ?? [];
  if (kind === "list" || kind === "map") return checkedContents(name, kind, contents, value);
  const found = foundType(value);
  // Ints and uints are bigints alike.
  if (found !== (result === "uint" ? "int" : result)) throw new ExpressionError(`${name} gave ${found}, not ${result}`);
  if (typeof value === "bigint" && INTEGERS[result]?.(value) !== value)
    throw new ExpressionError(`${name} gave a number that is out of the range of ${result}`);
  return value;
}

const foundType = (value: unknown): string => (value === undefined ? "nothing" : typeName(value));

/** `list(T)`, and `map(T)` for values of T. */
const CONTAINER = /^(list|map)\((.*)\)$/;

/** Returns a list or a map whose JSON is no message, because it may be a copy of JSON with a key `$typeName`. */
function checkedContents(name: string, kind: "list" | "map", contents: string | undefined, value: unknown): unknown {
  const found = kind === "map" && isObject(value) ? "map" : foundType(value);
  if (found !== kind) throw new ExpressionError(`${name} gave ${found}, not ${kind}`);
  const isScalar = contents === undefined || !/[(.]|^dyn$/.test(contents);
  if (isScalar || contents === "dyn") return isScalar && kind === "list" ? value : markedRecords(value);
  const inside = (item: unknown): unknown => checked(name, contents, item);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, inside(item)]));
  if (Array.isArray(value)) return value.map(inside);
  return recordOf(Object.entries(value as object).map(([key, item]) => [key, inside(item)]));
}
/** True for plain objects and maps, whatever their keys. */
function isObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return value instanceof Map || prototype === null || prototype === Object.prototype;
}

function shown(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "something that cannot be shown";
  }
}

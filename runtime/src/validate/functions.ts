// Functions for rules in CEL, besides CEL's own functions (https://protovalidate.com/reference/cel_extensions/).
import { ExpressionError } from "../expressions/value/error.ts";

/**
 * Reports whether a double is infinite; with a sign other than 0, whether it is infinity of that sign.
 *
 * @example
 * isInf(Number.NEGATIVE_INFINITY, 1); // false
 */
export function isInf(value: number, sign: number | bigint = 0): boolean {
  return (sign >= 0 && value === Number.POSITIVE_INFINITY) || (sign <= 0 && value === Number.NEGATIVE_INFINITY);
}

/**
 * Reports whether no two items of a list of scalars are equal. NaN equals nothing; -0 equals 0. Linear in the size of
 * the list.
 *
 * @example
 * unique(["a", "b", "a"]); // false
 */
export function unique(list: readonly unknown[]): boolean {
  const seen = new Set<unknown>();
  let count = 0;
  for (const item of list) {
    if (Number.isNaN(item)) continue;
    count++;
    seen.add(item instanceof Uint8Array ? Buffer.from(item).toString("latin1") : item);
  }
  return seen.size === count;
}

/**
 * Reports whether bytes begin with `part`.
 *
 * @example
 * bytesStartWith(file, Uint8Array.of(0x25, 0x50)); // true for "%PDF-1.7"
 */
export function bytesStartWith(bytes: Uint8Array, part: Uint8Array): boolean {
  return part.length <= bytes.length && Buffer.compare(bytes.subarray(0, part.length), part) === 0;
}

/**
 * Reports whether bytes end with `part`.
 *
 * @example
 * bytesEndWith(line, Uint8Array.of(10));
 */
export function bytesEndWith(bytes: Uint8Array, part: Uint8Array): boolean {
  return part.length <= bytes.length && Buffer.compare(bytes.subarray(bytes.length - part.length), part) === 0;
}

/**
 * Reports whether bytes contain `part`.
 *
 * @example
 * bytesContain(line, Uint8Array.of(0));
 */
export function bytesContain(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(
    Buffer.from(part.buffer, part.byteOffset, part.length),
  );
}

/**
 * Returns the message of a rule whose result is known only at run time; empty: no violation. `otherwise` is the message
 * for false.
 *
 * @throws ExpressionError for anything but a bool and a text
 * @example
 * violationText(args.to > args.from, "`to` must be after `from`");
 */
export function violationText(result: unknown, otherwise: string): string {
  if (typeof result === "string") return result;
  if (typeof result === "boolean") return result ? "" : otherwise;
  throw new ExpressionError("a rule gives a bool or a string");
}

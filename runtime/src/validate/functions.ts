// Functions for rules in CEL, besides CEL's own functions (https://protovalidate.com/reference/cel_extensions/).
import { ExpressionError } from "@protobff/expressions/error";

/** Reports whether a double is infinite; with a sign other than 0, whether it is infinity of that sign. */
export function isInf(value: number, sign: number | bigint = 0): boolean {
  return (sign >= 0 && value === Number.POSITIVE_INFINITY) || (sign <= 0 && value === Number.NEGATIVE_INFINITY);
}

/**
 * Reports whether no two items of a list of scalars are equal. NaN equals nothing; -0 equals 0. Linear in the size of
 * the list.
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

export function bytesStartWith(bytes: Uint8Array, part: Uint8Array): boolean {
  return part.length <= bytes.length && Buffer.compare(bytes.subarray(0, part.length), part) === 0;
}

export function bytesEndWith(bytes: Uint8Array, part: Uint8Array): boolean {
  return part.length <= bytes.length && Buffer.compare(bytes.subarray(bytes.length - part.length), part) === 0;
}

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
 */
export function saidBy(result: unknown, otherwise: string): string {
  if (typeof result === "string") return result;
  if (typeof result === "boolean") return result ? "" : otherwise;
  throw new ExpressionError("a rule gives a bool or a string");
}

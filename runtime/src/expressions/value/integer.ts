// CEL's integers: 64 bits, signed or not; what does not fit is an error (CEL spec, "Overflow").
import { ExpressionError } from "./error.ts";

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

/** The value as a CEL int. Throws ExpressionError when it does not fit into 64 bits. */
export function asInt(value: bigint): bigint {
  if (value < INT_MIN || value > INT_MAX) throw new ExpressionError("int overflow");
  return value;
}

/** The value as a CEL uint. Throws ExpressionError when it is negative or does not fit into 64 bits. */
export function asUint(value: bigint): bigint {
  if (value < 0n || value > UINT_MAX) throw new ExpressionError("uint overflow");
  return value;
}

/**
 * Adds two ints.
 *
 * @throws ExpressionError if the result does not fit into 64 bits
 */
export function addInt(a: bigint, b: bigint): bigint {
  return asInt(a + b);
}

/**
 * Subtracts the second int from the first.
 *
 * @throws ExpressionError if the result does not fit into 64 bits
 */
export function subtractInt(a: bigint, b: bigint): bigint {
  return asInt(a - b);
}

/**
 * Multiplies two ints.
 *
 * @throws ExpressionError if the result does not fit into 64 bits
 */
export function multiplyInt(a: bigint, b: bigint): bigint {
  return asInt(a * b);
}

/** Truncates towards zero. Throws ExpressionError for a zero divisor. */
export function divideInt(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new ExpressionError("division by zero");
  return asInt(a / b);
}

/** Has the sign of the dividend. Throws ExpressionError for a zero divisor. */
export function moduloInt(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new ExpressionError("modulus by zero");
  return a % b;
}

/**
 * Negates an int.
 *
 * @throws ExpressionError if the result does not fit into 64 bits
 */
export function negateInt(a: bigint): bigint {
  return asInt(-a);
}

/**
 * Adds two uints.
 *
 * @throws ExpressionError if the result does not fit into 64 bits
 */
export function addUint(a: bigint, b: bigint): bigint {
  return asUint(a + b);
}

/**
 * Subtracts the second uint from the first.
 *
 * @throws ExpressionError if the result is negative
 */
export function subtractUint(a: bigint, b: bigint): bigint {
  return asUint(a - b);
}

/**
 * Multiplies two uints.
 *
 * @throws ExpressionError if the result does not fit into 64 bits
 */
export function multiplyUint(a: bigint, b: bigint): bigint {
  return asUint(a * b);
}

/**
 * Divides two uints, and drops the remainder.
 *
 * @throws ExpressionError for a zero divisor
 */
export function divideUint(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new ExpressionError("division by zero");
  return a / b;
}

/**
 * Returns the remainder of a division of two uints.
 *
 * @throws ExpressionError for a zero divisor
 */
export function moduloUint(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new ExpressionError("modulus by zero");
  return a % b;
}

/** For a field of 32 bits. Throws ExpressionError when the value does not fit. */
export function toInt32(value: bigint | number): number {
  if (value < -2147483648 || value > 2147483647) throw new ExpressionError("the int does not fit into an int32");
  return Number(value);
}

/** For an unsigned field of 32 bits. Throws ExpressionError when the value does not fit. */
export function toUint32(value: bigint | number): number {
  if (value < 0 || value > 4294967295) throw new ExpressionError("the int does not fit into a uint32");
  return Number(value);
}

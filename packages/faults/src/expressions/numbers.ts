// The functions of `math` in expressions, by the names of their overloads.
import { EvaluationError, UNKNOWN, type Value } from "../values/values.ts";

type Function = (args: readonly Value[]) => Value;

const ofDouble =
  (run: (a: number) => Value): Function =>
  ([a]) =>
    typeof a === "number" ? run(a) : UNKNOWN;
const ofInt =
  (run: (a: bigint) => Value): Function =>
  ([a]) =>
    typeof a === "bigint" ? run(a) : UNKNOWN;
const ofInts =
  (run: (a: bigint, b: bigint) => Value): Function =>
  ([a, b]) =>
    typeof a === "bigint" && typeof b === "bigint" ? run(a, b) : UNKNOWN;

const BITS = 64;
const signed = (a: bigint): bigint => BigInt.asIntN(BITS, a);
const unsigned = (a: bigint): bigint => BigInt.asUintN(BITS, a);
/** A shift by 64 and more gives 0. */
function shift(count: bigint): bigint {
  if (count < 0n) throw new EvaluationError("a negative shift");
  return count > 64n ? 64n : count;
}

/** Rounds half away from zero. */
function rounded(a: number): number {
  const whole = Math.trunc(a);
  return Math.abs(a - whole) >= 0.5 ? whole + Math.sign(a) : whole;
}
const sign = ofInt((a) => {
  if (a === 0n) return 0n;
  return a > 0n ? 1n : -1n;
});
const root = ofInt((a) => Math.sqrt(Number(a)));
const ofBoth = (name: string, run: Function): [string, Function][] =>
  ["int", "uint"].map((kind) => [`${name}_${kind}`, run]);

export const NUMBERS: readonly [string, Function][] = [
  ["math_ceil", ofDouble(Math.ceil)],
  ["math_floor", ofDouble(Math.floor)],
  ["math_round", ofDouble(rounded)],
  ["math_trunc", ofDouble(Math.trunc)],
  ...ofBoth("math_sign", sign),
  ["math_sign_double", ofDouble(Math.sign)],
  ...ofBoth("math_sqrt", root),
  ["math_sqrt_double", ofDouble(Math.sqrt)],
  ["math_is_nan", ofDouble(Number.isNaN)],
  ["math_is_inf", ofDouble((a) => a === Infinity || a === -Infinity)],
  ["math_is_finite", ofDouble(Number.isFinite)],
  ...ofBoth(
    "math_bit_and",
    ofInts((a, b) => a & b),
  ),
  ...ofBoth(
    "math_bit_or",
    ofInts((a, b) => a | b),
  ),
  ...ofBoth(
    "math_bit_xor",
    ofInts((a, b) => a ^ b),
  ),
  ["math_bit_not_int", ofInt((a) => ~a)],
  ["math_bit_not_uint", ofInt((a) => unsigned(~a))],
  ["math_shift_left_int", ofInts((a, b) => signed(a << shift(b)))],
  ["math_shift_left_uint", ofInts((a, b) => unsigned(a << shift(b)))],
  ["math_shift_right_int", ofInts((a, b) => signed(unsigned(a) >> shift(b)))],
  ["math_shift_right_uint", ofInts((a, b) => a >> shift(b))],
];

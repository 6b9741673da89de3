// Amounts of money by the rules of google.type.Money: whole units, and billionths with the same sign.
import { ExpressionError } from "./value/error.ts";

/** A message such as google.type.Money. */
interface Amount {
  readonly units: bigint;
  readonly nanos: number;
  readonly currencyCode?: string;
}

const NANOS = 1_000_000_000n;

/**
 * Returns an amount in billionths. Throws ExpressionError for signs that differ, for a whole unit in `nanos`, and for an
 * empty currency: an unset message has none, and is not zero.
 */
function totalOf({ units, nanos, currencyCode }: Amount): bigint {
  if (currencyCode === "") throw new ExpressionError("an amount of money has no currency");
  const rest = BigInt(nanos);
  if (rest >= NANOS || rest <= -NANOS || (units > 0n && rest < 0n) || (units < 0n && rest > 0n))
    throw new ExpressionError("an amount of money needs nanos below one unit, with the sign of the units");
  return units * NANOS + rest;
}

/** Returns a message of the type of `like`. Throws ExpressionError if the units do not fit into an int64. */
function amount<A extends Amount>(like: A, total: bigint): A {
  const units = total / NANOS;
  if (BigInt.asIntN(64, units) !== units) throw new ExpressionError("an amount of money is too large");
  // Messages with default values have them in their prototype.
  const copy: A & { $unknown?: unknown } = Object.assign(Object.create(Object.getPrototypeOf(like)), like);
  delete copy.$unknown;
  return Object.assign(copy, { units, nanos: Number(total % NANOS) });
}

function checkCurrency({ currencyCode: a }: Amount, { currencyCode: b }: Amount): void {
  if (a !== b && a !== "" && b !== "") throw new ExpressionError("amounts of different currencies cannot be added");
}

/**
 * `money.add(a, b)`. Throws ExpressionError for different currencies, invalid amounts and overflow.
 *
 * @example
 * addMoney({ units: 1n, nanos: 500_000_000 }, { units: 2n, nanos: 500_000_000 }); // { units: 4n, nanos: 0 }
 */
export function addMoney<A extends Amount>(a: A, b: Amount): A {
  checkCurrency(a, b);
  return amount(a, totalOf(a) + totalOf(b));
}

/** `money.sum(list)`; undefined for an empty list, which has no currency. Throws as {@link addMoney}. */
export function sumMoney<A extends Amount>(all: readonly A[]): A | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  for (const other of all) checkCurrency(first, other);
  return amount(
    first,
    all.reduce((total, next) => total + totalOf(next), 0n),
  );
}

/**
 * `money.multiply(a, factor)`; a double is taken exactly, and the product rounded to the nearest billionth, half to
 * even. Throws ExpressionError for invalid amounts, overflow, infinity and NaN.
 */
export function multiplyMoney<A extends Amount>(a: A, factor: bigint | number): A {
  if (typeof factor === "bigint") return amount(a, totalOf(a) * factor);
  if (!Number.isFinite(factor)) throw new ExpressionError("money cannot be multiplied by this double");
  const { digits, halvings } = exactly(factor);
  return amount(a, roundedShift(totalOf(a) * digits, halvings));
}

/** Returns a double as `digits / 2 ** halvings`. */
function exactly(value: number): { readonly digits: bigint; readonly halvings: bigint } {
  let digits = value;
  let halvings = 0n;
  // Doubling is exact, and every finite double is an integer after at most 1,074 doublings.
  for (; !Number.isInteger(digits); halvings++) digits *= 2;
  return { digits: BigInt(digits), halvings };
}

/** Returns `value / 2 ** halvings`, rounded half to even. */
function roundedShift(value: bigint, halvings: bigint): bigint {
  const below = value >> halvings;
  const rest = (value - (below << halvings)) * 2n;
  const unit = 1n << halvings;
  return rest > unit || (rest === unit && (below & 1n) === 1n) ? below + 1n : below;
}

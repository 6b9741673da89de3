// Decimal numbers that become doubles halfway between two float32 values: rounding these again may go to the wrong side.

const VIEW = new DataView(new ArrayBuffer(8));
/** Half the distance of floats below the least normal one. */
const HALF_LEAST = 2 ** -150;
const LEAST_NORMAL = 2 ** -126;

/** Reports whether a double is halfway between two floats. */
export function isMidpoint(value: number): boolean {
  if (Math.abs(value) < LEAST_NORMAL) return Math.abs(value - Math.fround(value)) === HALF_LEAST;
  VIEW.setFloat64(0, value);
  return (VIEW.getUint32(4) & 0x1fffffff) === 0x10000000;
}

/** Matches of this many digits decide: no midpoint has more than 113. */
const DECISIVE = 200;

/**
 * Returns the float nearest to a decimal number.
 *
 * @param parts sign, whole digits, digits of the fraction, and exponent, at the indices 1 to 4
 * @param midpoint the double nearest to it
 */
export function roundedBy(parts: readonly (string | undefined)[], midpoint: number): number {
  const side = Math.sign(midpoint) * compared(parts, Math.abs(midpoint));
  if (side === 0) return Math.fround(midpoint);
  VIEW.setFloat64(0, midpoint);
  // The next double to that side is no midpoint.
  const away = side > 0 === midpoint > 0;
  VIEW.setBigInt64(0, VIEW.getBigInt64(0) + (away ? 1n : -1n));
  return Math.fround(VIEW.getFloat64(0));
}

/** Returns 1, 0 or -1 if the number without its sign is above, equal to, or below a midpoint. */
function compared([, , whole = "", fraction = "", exponent = "0"]: readonly (string | undefined)[], value: number) {
  const all = whole + fraction;
  let from = 0;
  while (all.charCodeAt(from) === 0x30) from++;
  const kept = all.slice(from, from + DECISIVE);
  const rest = all.length - from - kept.length;
  const power = Number(exponent) - fraction.length + rest;
  const scaled = BigInt(value * 2 ** 150); // a midpoint is a multiple of 2 ** -150
  const left = (BigInt(kept) << 150n) * (power > 0 ? 10n ** BigInt(power) : 1n);
  const right = scaled * (power < 0 ? 10n ** BigInt(-power) : 1n);
  if (left !== right) return left > right ? 1 : -1;
  return /[1-9]/.test(all.slice(from + DECISIVE)) ? 1 : 0;
}

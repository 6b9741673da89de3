// Common form of google.protobuf.Timestamp and Duration: seconds and nanoseconds.

/** Common form of google.protobuf.Timestamp and google.protobuf.Duration. */
export interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
}

/**
 * Compares two times. Negative: `a` is before `b`, or shorter.
 *
 * @example
 * compareTimes({ seconds: 1n, nanos: 0 }, { seconds: 1n, nanos: 5 }); // -5
 */
export function compareTimes(a: Time, b: Time): number {
  if (a.seconds === b.seconds) return a.nanos - b.nanos;
  return a.seconds < b.seconds ? -1 : 1;
}
/**
 * Reports whether a time equals one of a list.
 *
 * @example
 * isOneOfTimes(args.timeout, [{ seconds: 30n, nanos: 0 }]);
 */
export function isOneOfTimes(time: Time, list: readonly Time[]): boolean {
  return list.some((item) => compareTimes(time, item) === 0);
}
/**
 * Reports whether a moment is at most `of` away from `now`, before or after it.
 *
 * @example
 * isWithin(args.at, { seconds: 3600n, nanos: 0 }, found.now);
 */
export function isWithin(time: Time, of: Time, now: Time): boolean {
  return compareTimes(time, sum(now, of, -1)) >= 0 && compareTimes(time, sum(now, of, 1)) <= 0;
}
function sum(a: Time, b: Time, sign: 1 | -1): Time {
  const nanos = a.nanos + sign * b.nanos;
  const over = Math.floor(nanos / NANOS);
  return { seconds: a.seconds + BigInt(sign) * b.seconds + BigInt(over), nanos: nanos - over * NANOS };
}
const NANOS = 1_000_000_000;

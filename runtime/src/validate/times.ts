// Common form of google.protobuf.Timestamp and Duration: seconds and nanoseconds.

export interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** Compares two times. Negative: `a` is before `b`, or shorter. */
export function compareTimes(a: Time, b: Time): number {
  if (a.seconds === b.seconds) return a.nanos - b.nanos;
  return a.seconds < b.seconds ? -1 : 1;
}
export function isOneOfTimes(time: Time, list: readonly Time[]): boolean {
  return list.some((item) => compareTimes(time, item) === 0);
}
/** Reports whether a moment is at most that far from now. */
export function isWithin(time: Time, of: Time, now: Time): boolean {
  return compareTimes(time, sum(now, of, -1)) >= 0 && compareTimes(time, sum(now, of, 1)) <= 0;
}
function sum(a: Time, b: Time, sign: 1 | -1): Time {
  const nanos = a.nanos + sign * b.nanos;
  const over = Math.floor(nanos / NANOS);
  return { seconds: a.seconds + BigInt(sign) * b.seconds + BigInt(over), nanos: nanos - over * NANOS };
}
const NANOS = 1_000_000_000;

/**
 * Returns a duration in milliseconds as readable text: `250 ms`, `1.5 s`, `90 s`, `1 h`, `2 days`. The text is exact: a
 * number that does not fit a larger unit stays in the smaller one.
 */
export function timeText(ms: number): string {
  if (ms >= 2 * DAY && ms % DAY === 0) return `${ms / DAY} days`;
  if (ms >= HOUR && ms % (HOUR / 10) === 0) return `${ms / HOUR} h`;
  if (ms >= 1_000 && ms % 100 === 0) return `${ms / 1_000} s`;
  return `${ms} ms`;
}
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

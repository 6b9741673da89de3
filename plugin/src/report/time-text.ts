/** Milliseconds as people say them: `250 ms`, `1.5 s`, `90 s`, `1 h`, `2 days`. Exact: what is no such number stays in the smaller unit. */
export function timeText(ms: number): string {
  if (ms >= 2 * DAY && ms % DAY === 0) return `${ms / DAY} days`;
  if (ms >= HOUR && ms % (HOUR / 10) === 0) return `${ms / HOUR} h`;
  if (ms >= 1_000 && ms % 100 === 0) return `${ms / 1_000} s`;
  return `${ms} ms`;
}
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

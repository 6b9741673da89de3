import type { CalendarUnit } from "./rate-limit.ts";

/** Returns the end of the calendar unit, UTC, that contains a moment. Both are in microseconds since 1970. */
export function endOf(unit: CalendarUnit, micros: number): number {
  const date = new Date(Math.floor(micros / 1000));
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  return 1000 * (unit === "day" ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1));
}

import { count as countOf } from "../terminal.ts";

/** Returns a time in the notation of people: `400 ms`, `1.8 s`; null: no bound. */
export function time(ms: number | null): string {
  if (ms === null) return "none";
  return ms >= 1_000 && ms % 10 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}

/** null: nothing bounds it. */
export function count(n: number | null, noun: string): string {
  return n === null ? `any number of ${noun}s` : countOf(n, noun);
}

/** Returns the growth in per cent; null is more than any number. */
export function growth(before: number | null, after: number | null): number {
  const [from, to] = [before ?? Number.POSITIVE_INFINITY, after ?? Number.POSITIVE_INFINITY];
  if (from === to) return 0;
  return from === 0 ? Number.POSITIVE_INFINITY : (to / from - 1) * 100;
}

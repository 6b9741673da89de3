const UNITS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** Returns a duration of Gateway API (GEP-2257, `1m30s`) in milliseconds; undefined: it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,5}(h|m|s|ms)){1,4}$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)(ms|h|m|s)/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit as keyof typeof UNITS], 0);
}

/**
 * How long to wait before the attempt after so many losses in a row, in milliseconds: full jitter, as "Exponential Backoff And Jitter" (AWS
 * Architecture Blog, 2015) has it, over at least half, so that a server that comes back is not met by all at once.
 */
export function backoffMs(
  losses: number,
  initialMs: number,
  maxMs: number,
  random: () => number = Math.random,
): number {
  const longest = Math.min(maxMs, initialMs * 2 ** Math.min(losses - 1, 30));
  return Math.round(longest * (0.5 + random() / 2));
}

/**
 * Returns the delay before the next attempt after `losses` consecutive losses, in milliseconds. The jitter of
 * "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015) is spread over the upper half of the delay. Clients
 * therefore do not all return to a restarted server at once.
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

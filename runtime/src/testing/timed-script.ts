// For tests only: scripts of Redis at a moment that the test chooses.

const CHANGES: readonly (readonly [string, string])[] = [
  [
    "local time = redis.call('TIME')\nlocal now = time[1] * 1000000 + time[2]",
    "local now = tonumber(table.remove(ARGV))",
  ],
  [", 'PX', string.format('%.0f', life))", ")"],
];

/**
 * Returns a script of limits whose last argument is the time in microseconds, and whose keys stay.
 *
 * @throws Error if the script has no time
 */
export function timed(text: string): string {
  return CHANGES.reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`the script has no ${from}`);
    return changed.replace(from, () => to);
  }, text);
}

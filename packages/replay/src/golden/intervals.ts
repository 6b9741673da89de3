/** Offsets from one to before another. */
export type Interval = readonly [from: number, to: number];

/** Returns sorted intervals that have what any of these has. */
export function union(...all: readonly (readonly Interval[])[]): readonly Interval[] {
  const joined: [number, number][] = [];
  for (const [from, to] of all.flat().sort(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** Returns what the first ones have and the others lack. Both are sorted. */
export function minus(all: readonly Interval[], others: readonly Interval[]): readonly Interval[] {
  const left: Interval[] = [];
  let next = 0;
  for (const [begin, to] of all) {
    let from = begin;
    while ((others[next]?.[1] ?? Number.POSITIVE_INFINITY) <= from) next++;
    for (let i = next; from < to; i++) {
      const [start, end] = others[i] ?? [to, to];
      if (start > from) left.push([from, Math.min(start, to)]);
      from = Math.max(from, end);
    }
  }
  return left;
}

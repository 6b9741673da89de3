// Values that may be a sample, the best first, and whether one keeps the rules.

/** What may stand in one place. */
export interface Candidates<T> {
  /** Begins with what is told by rules, and ends. */
  readonly values: Iterable<T>;
  keeps(value: T): boolean;
  /** What stands there when nothing keeps the rules. */
  readonly ordinary: T;
  /** Whether more is asked than `keeps` looks at. */
  readonly more: boolean;
  /** By which values are told apart. */
  key?(value: T): unknown;
}
export interface Chosen<T> {
  readonly values: readonly T[];
  /** Whether they keep all rules. */
  readonly sure: boolean;
}

/** So many values; of distinct ones perhaps fewer. */
export function choose<T>(of: Candidates<T>, count: number, distinct: boolean): Chosen<T> {
  const found = new Map<unknown, T>();
  const wanted = distinct ? count : Math.min(count, 1);
  if (wanted > 0)
    for (const value of of.values) {
      if (!of.keeps(value)) continue;
      found.set(of.key?.(value) ?? value, value);
      if (found.size === wanted) break;
    }
  const kept = [...found.values()];
  if (kept.length === wanted && !of.more) return { values: filled(kept, distinct ? wanted : count), sure: true };
  return { values: filled(kept.length === 0 ? [of.ordinary] : kept, distinct ? wanted : count), sure: false };
}
/** The last one again, until there are so many. */
function filled<T>(values: readonly T[], count: number): readonly T[] {
  return Array.from({ length: count }, (_, i) => values[i] ?? values.at(-1)).filter((value) => value !== undefined);
}

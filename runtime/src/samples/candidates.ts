// Candidates for the values of a sample, the best first, with a check of their rules.

/** Possible values of a field, element or key. */
export interface Candidates<T> {
  /** A finite sequence, which begins with values that the rules name. */
  readonly values: Iterable<T>;
  keeps(value: T): boolean;
  /** Value that is used if no candidate satisfies the rules. */
  readonly ordinary: T;
  /** True if there are rules that `keeps` does not check. */
  readonly more: boolean;
  /** Returns the key by which values are distinct. */
  key?(value: T): unknown;
}
interface Chosen<T> {
  readonly values: readonly T[];
  /** True if the values satisfy all rules. */
  readonly sure: boolean;
}

/** Chooses `count` values. Distinct ones may be fewer. */
export function choose<T>(of: Candidates<T>, count: number, distinct: boolean): Chosen<T> {
  const found = new Map<unknown, T>();
  const most = distinct ? count : Math.min(count, 1);
  if (most > 0)
    for (const value of of.values) {
      if (!of.keeps(value)) continue;
      found.set(of.key?.(value) ?? value, value);
      if (found.size === most) break;
    }
  const kept = [...found.values()];
  if (kept.length === most && !of.more) return { values: filled(kept, distinct ? most : count), sure: true };
  return { values: filled(kept.length === 0 ? [of.ordinary] : kept, distinct ? most : count), sure: false };
}
/** Repeats the last value up to `count` values. */
function filled<T>(values: readonly T[], count: number): readonly T[] {
  return Array.from({ length: count }, (_, i) => values[i] ?? values.at(-1)).filter((value) => value !== undefined);
}

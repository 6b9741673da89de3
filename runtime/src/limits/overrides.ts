import { keyOf } from "./key.ts";
import { MOST_TICKS } from "./local-counters.ts";
import { Counter } from "./rate-limit.ts";

/** Rate of one key in place of its limit's. The period stays. */
export interface LimitOverride {
  /** `<package>/<name>` of the limit. */
  readonly limit: string;
  /** Text that the `key` of the limit yields. */
  readonly key: string;
  readonly rate: number;
  /** Undefined: as many as `rate`. Limits per day or month have no burst. */
  readonly burst: number | undefined;
}

/** Maximum number of overrides. */
export const MOST_OVERRIDES = 100_000;
const UNCOUNTABLE = "an override of a limit cannot be counted exactly, and does not apply";

/** Overrides of operators, by limit and key. */
export class LimitOverrides {
  readonly #fault: (message: string, cause: unknown) => void;
  #all: ReadonlyMap<string, ReadonlyMap<string, LimitOverride>> = new Map();
  #counters = new WeakMap<LimitOverride, Counter>();

  /** @param fault receives overrides that do not apply */
  constructor(fault: (message: string, cause: unknown) => void) {
    this.#fault = fault;
  }
  /**
   * Replaces all overrides.
   *
   * @throws RangeError for more than `MOST_OVERRIDES`, and for a rate or burst that is no whole number above 0
   */
  replace(rows: readonly LimitOverride[]): void {
    if (rows.length > MOST_OVERRIDES) throw new RangeError(`more than ${MOST_OVERRIDES} limits are overridden`);
    const all = new Map<string, Map<string, LimitOverride>>();
    for (const row of rows) {
      const { limit, key, rate, burst = rate } = row;
      if (!isCount(rate) || !isCount(burst)) throw new RangeError(`an override of ${limit} has no rate`);
      const keys = all.get(limit) ?? new Map<string, LimitOverride>();
      all.set(limit, keys.set(keyOf(key), row));
    }
    this.#all = all;
  }
  /** Names of the limits that are overridden. */
  get names(): Iterable<string> {
    return this.#all.keys();
  }
  /** Returns the counter of a key, with its own rate if it has one. */
  counterOf(counter: Counter, key: string): Counter {
    const override = this.#all.get(counter.id)?.get(key);
    if (override === undefined) return counter;
    const known = this.#counters.get(override);
    if (known?.base === counter) return known;
    const made = overridden(counter, override);
    if (made === undefined) this.#fault(UNCOUNTABLE, new RangeError(`${counter.id} with a rate of ${override.rate}`));
    this.#counters.set(override, made ?? counter);
    return made ?? counter;
  }
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

/** Returns undefined if the ticks of the new rate exceed whole numbers, as the compiler refuses for declared limits. */
function overridden(base: Counter, { rate, burst = rate }: LimitOverride): Counter | undefined {
  const made = new Counter({ ...base.limit, rate, burst: base.unit === "" ? burst : rate }, base);
  return made.full > MOST_TICKS / 4 ? undefined : made;
}

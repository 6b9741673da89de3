import { keyOf } from "./key.ts";
import { MAX_TICKS } from "./local-counters.ts";
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
const MAX_OVERRIDES = 100_000;
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
   * @param rows rates and bursts are whole numbers above 0
   * @returns a text if there are more than `MAX_OVERRIDES`, of which the first ones apply
   */
  replace(rows: readonly LimitOverride[]): readonly string[] {
    const all = new Map<string, Map<string, LimitOverride>>();
    for (const row of rows.slice(0, MAX_OVERRIDES)) {
      const { limit, key } = row;
      const keys = all.get(limit) ?? new Map<string, LimitOverride>();
      all.set(limit, keys.set(keyOf(key), row));
    }
    this.#all = all;
    return rows.length > MAX_OVERRIDES ? [`bff_limit_override: more than ${MAX_OVERRIDES} entries`] : [];
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

/** Returns undefined if the ticks of the new rate exceed whole numbers, as the compiler refuses for declared limits. */
function overridden(base: Counter, { rate, burst = rate }: LimitOverride): Counter | undefined {
  const made = new Counter({ ...base.limit, rate, burst: base.unit === "" ? burst : rate }, base);
  return made.full > MAX_TICKS / 4 ? undefined : made;
}

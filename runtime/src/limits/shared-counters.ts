import type { Charge, Counter, CounterState } from "./rate-limit.ts";

/** What becomes of charges: all have been charged, or none. */
export type Answer =
  /** Charged; when, in microseconds since 1970 of the clock that counts there. */
  | { readonly at: number }
  /** One for each, in their order. */
  | { readonly standings: readonly CounterState[] };

/** Counters that several processes share. Whatever they throw or reject with means that they cannot be reached, or do not work. */
export interface SharedCounters {
  /** Charges of different keys of counters. */
  charge(charges: readonly Charge[]): Promise<Answer>;
  /**
   * Charges, whether or not there is room; less than 0 is given back.
   *
   * @param since what `charge` has answered: what was charged to another calendar unit is not given back
   */
  add(counter: Counter, key: string, units: number, since: number): Promise<void>;
  close(): Promise<void> | void;
}

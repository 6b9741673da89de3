import type { Charge, Counter, CounterState } from "./rate-limit.ts";

/** Result of charges: all have been charged, or none. */
export type Answer =
  /**
   * Time of the charge, in microseconds since 1970, by the clock of the counters; `times`: those of the single charges,
   * if their clocks differ; `leased`: units that were leased with the charges.
   */
  | { readonly at: number; readonly times?: readonly number[]; readonly leased?: readonly number[] }
  /**
   * States of the charges, in their order. `times` and `leased`: of charges that have been returned, but whose leases
   * have not.
   */
  | {
      readonly standings: readonly CounterState[];
      readonly times?: readonly (number | undefined)[];
      readonly leased?: readonly number[];
    };

/** Counters that several processes share. Any throw or rejection means that they are unreachable or do not work. */
export interface SharedCounters {
  /** Receives failures that end no charge, if there are any. */
  failed?: (error: unknown) => void;
  /** Makes charges of different keys of counters. */
  charge(charges: readonly Charge[]): Promise<Answer>;
  /**
   * Adds a charge, whether or not there is room; a negative one is returned.
   *
   * @param since result of `charge`: a charge to another calendar unit is not returned
   * @param leased units of a lease of that time, which ends; `units` of them have been used
   */
  add(counter: Counter, key: string, units: number, since: number, leased?: number): Promise<void>;
  close(): Promise<void> | void;
}

import type { ProcessNumber } from "./subset.ts";

/** How calls are spread over the addresses of an upstream (runtime.md, "Balancing"). */
export interface BalancePolicy {
  /** Number of failures in a row after which an address is ejected. Default: 5. */
  readonly ejectAfter?: number | undefined;
  /** Duration of an ejection in milliseconds, multiplied by the number of ejections in a row. Default: 30 s. */
  readonly ejectMs?: number | undefined;
  /** Maximum share of the addresses that are ejected at a time, from 0 to 1. Default: 0.5. */
  readonly maxEjected?: number | undefined;
  /** Interval between lookups of the names, in milliseconds. Default: 5 s. */
  readonly refreshMs?: number | undefined;
  /** Number of connections to each address. Default: 1. */
  readonly connections?: number | undefined;
  /** Number of addresses that a process uses, if there are more. Default: 128. */
  readonly subset?: number | undefined;
  /** Default: it is not known, and each process chooses for itself. */
  readonly process?: ProcessNumber | undefined;
}

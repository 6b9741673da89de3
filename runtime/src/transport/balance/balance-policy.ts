/** How calls are spread over the addresses of an upstream (runtime.md, "Balancing"). */
export interface BalancePolicy {
  /** After so many failures in a row an address is ejected. Default 5. */
  readonly ejectAfter?: number | undefined;
  /** For so long, in milliseconds, times how often in a row. Default 30 s. */
  readonly ejectMs?: number | undefined;
  /** At most this share of the addresses is ejected at a time: from 0 to 1; default 0.5. */
  readonly maxEjected?: number | undefined;
  /** How often names are resolved again, in milliseconds. Default 5 s. */
  readonly refreshMs?: number | undefined;
  /** Connections to each address. Default 1. */
  readonly connections?: number | undefined;
}

// Fetches that wait for the same fetch of another process.

import type { Commands } from "../../redis/connection.ts";

/** How long a look-up may wait for another process, and for what. Moments are of the clock, in milliseconds. */
export interface FetchWait {
  /** Earliest deadline of those who wait for the fetch. A look-up takes at most half of the rest. */
  readonly deadline: number;
  /** How long the fetch may take after the look-up. */
  readonly holdMs: number;
  readonly policy: { readonly ttlMs: number; readonly staleMs?: number | undefined };
  /** True if an answer past its ttl is no result. */
  readonly renews: boolean;
  /** A look-up begins: purges before it are in its result. */
  begins(): void;
}

/** End of a fetch without an entry: it has failed, or its answers are not kept. */
export type FetchMark = "failed" | "unkept";

/** Key of the lease of a fetch, and commands for it. */
export interface LeaseKey {
  readonly name: string;
  readonly commands: Pick<Commands, "eval" | "evalSha">;
}

/** Returns the key of the lease for the key of an entry, which is in the same slot. */
export const leaseName = (prefix: string, entry: string): string => `${prefix}bff-fetch:{${entry}}`;

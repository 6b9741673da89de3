import type { Cache } from "../cache/cache.ts";
import type { Clock } from "../clock.ts";
import type { Observer } from "../observer.ts";

/** Options that the upstreams of a process share. */
export interface UpstreamOptions {
  readonly clock?: Clock | undefined;
  readonly observer?: Observer | undefined;
  /**
   * Cache for the answers of calls; one for all upstreams of a process. Default: a separate cache for this upstream.
   */
  readonly cache?: Cache | undefined;
  /** Name of the branch; default: none, it is the service itself. */
  readonly branch?: string | undefined;
  /** Name of the shard; default: none, it is the whole service. */
  readonly shard?: string | undefined;
}

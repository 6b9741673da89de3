/** HTTP caching of an RPC's answers (RFC 9111). */
export interface HttpCaching {
  /** Time for which an answer may be reused without revalidation, in milliseconds; 0: never. */
  readonly maxAgeMs: number;
  /** Time after `maxAgeMs` for which an answer may be reused during a refresh (RFC 5861), in milliseconds. */
  readonly staleMs?: number | undefined;
  /** Names of headers that an answer depends on, in lower case. */
  readonly vary: readonly string[];
  /** True if every client may receive it. Default: only the client that it was composed for. */
  readonly shared?: boolean | undefined;
  /** True if a CDN receives the tags of the RPC's `cache`. Default: false. */
  readonly tag?: boolean | undefined;
}

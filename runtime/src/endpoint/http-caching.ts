/** What HTTP caches are told of an rpc's answers (RFC 9111). */
export interface HttpCaching {
  /** For so long an answer may be used again without asking, in milliseconds; 0: never without asking. */
  readonly maxAgeMs: number;
  /** For so long after that while another one is fetched (RFC 5861), in milliseconds. */
  readonly staleMs?: number | undefined;
  /** Names of headers that an answer depends on, in lower case. */
  readonly vary: readonly string[];
  /** Whether everybody may be given it; default: only whoever it was for. */
  readonly shared?: boolean | undefined;
}

/** Number of failures after which an upstream's calls are no longer retried (gRFC A6). */
export interface ThrottlePolicy {
  /** Initial number of tokens; a failure takes one. */
  readonly maxTokens: number;
  /** Part of a token that a success returns. */
  readonly tokenRatio: number;
}

const DEFAULT: ThrottlePolicy = { maxTokens: 10, tokenRatio: 0.1 };

/** The retry throttle of one upstream (gRFC A6): no retries while more than half of the tokens are spent. */
export class Throttle {
  readonly #policy: ThrottlePolicy;
  #tokens: number;

  constructor(policy: ThrottlePolicy = DEFAULT) {
    this.#policy = policy;
    this.#tokens = policy.maxTokens;
  }
  succeeded(): void {
    const { maxTokens, tokenRatio } = this.#policy;
    if (this.#tokens < maxTokens) this.#tokens = Math.min(maxTokens, this.#tokens + tokenRatio);
  }
  failed(): void {
    this.#tokens = Math.max(0, this.#tokens - 1);
  }
  get allows(): boolean {
    return this.#tokens > this.#policy.maxTokens / 2;
  }
}

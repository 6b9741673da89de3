/** How many failures an upstream may give before its calls are not repeated any more (gRFC A6). */
export interface ThrottlePolicy {
  /** Those that it begins with; a failure takes one. */
  readonly maxTokens: number;
  /** What a success gives back of one. */
  readonly tokenRatio: number;
}

const DEFAULT: ThrottlePolicy = { maxTokens: 10, tokenRatio: 0.1 };

/** The retry throttle of one upstream (gRFC A6): no retries while more than half of the tokens are gone. */
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

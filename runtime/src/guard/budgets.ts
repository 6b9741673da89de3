// Budgets of an upstream for attempts beyond the first: retries and hedges.
import type { Timer } from "../clock.ts";

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

/** Share of calls that a hedge may follow, if a policy has none. */
const DEFAULT_SHARE = 0.1;
const MAX_TOKENS = 10;

/**
 * Budget of hedges to one upstream. An upstream that is slow but healthy makes every call late. Without a budget it
 * would get each call twice. A call that may be hedged earns a share of a token, and a hedge takes one.
 */
export class HedgeBudget {
  #tokens = 1;

  /** @param share tokens per call; default: 0.1 */
  earn(share: number = DEFAULT_SHARE): void {
    this.#tokens = Math.min(MAX_TOKENS, this.#tokens + share);
  }
  /** Takes a token. Returns false if there is none. */
  take(): boolean {
    // Sums of tenths are slightly less than the whole.
    if (this.#tokens < 1 - 1e-9) return false;
    this.#tokens--;
    return true;
  }
}

/** The hedges of one call. */
export class Hedging {
  /** On the wire, waiting for their place, or ended; not those that were refused. */
  count = 0;
  /** Sends the next hedge. */
  timer: Timer | undefined;
}

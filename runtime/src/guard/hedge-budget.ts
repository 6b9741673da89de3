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

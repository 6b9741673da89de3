// Fair shares of places: `(bff.v1.file).fair_share`. Only servers with this option load this module.
import { FairQueue, STRANGERS } from "./fair-queue.ts";
import type { Fairness, Share, ShareRule, WaitQueue } from "./limit.ts";

/** Maximum length of a key. Longer keys are cut, because queues remember keys. */
const KEY_LENGTH = 256;
const LEAST_WEIGHT = 0.01;
const MAX_WEIGHT = 100;

/**
 * Queues in which callers get places in proportion to their weights.
 *
 * @example
 * const FAIR_SHARE = new FairShare(100);
 * const UPSTREAM = { limit: { concurrent: 50, queued: 1_000, fair: FAIR_SHARE } };
 * const share = FAIR_SHARE.rule((cx: Request<App, Principal>) => cx.principal.tenant);
 */
export class FairShare implements Fairness {
  readonly #perKey: number;

  /** @param perKey maximum number of waiters of one key in one queue */
  constructor(perKey: number) {
    this.#perKey = perKey;
  }
  queue(total: number, refused?: (key: string) => void): WaitQueue {
    return new FairQueue({ total, perKey: this.#perKey, refused });
  }
  /**
   * Returns the rule of an RPC's requests. Requests whose key is empty or fails are one party. A weight that fails is 1,
   * others are limited to 0.01 to 100.
   */
  rule<Cx>(key: (cx: Cx) => string | undefined, weight?: (cx: Cx) => number | undefined): ShareRule<Cx> {
    return { fair: this, of: (cx) => shareOf(attempt(key, cx), weight && attempt(weight, cx)) };
  }
}

function shareOf(key: string | undefined, weight = 1): Share {
  if (key === undefined || key === "") return STRANGERS;
  const clamped = Math.min(MAX_WEIGHT, Math.max(LEAST_WEIGHT, weight));
  return { key: key.slice(0, KEY_LENGTH), weight: Number.isNaN(clamped) ? 1 : clamped };
}

function attempt<Cx, T>(expression: (cx: Cx) => T | undefined, cx: Cx): T | undefined {
  try {
    return expression(cx);
  } catch {
    return undefined;
  }
}

import type { CircuitState, IBreaker } from "cockatiel";
import type { Clock } from "../clock.ts";

/** Values of cockatiel's enum, of which only the types are loaded. */
export const CLOSED = 0 satisfies CircuitState;
const HALF_OPEN = 2 satisfies CircuitState;

/** Maximum shares of bad samples, and the window in which they count. */
export interface WindowPolicy {
  /** The share of failures, from 0 to 1, at which the verdict is bad. */
  readonly errorRate: number;
  /** The same for slow samples. Undefined: slowness alone is no reason. */
  readonly slowRate?: number | undefined;
  /** Length of the window, in milliseconds. */
  readonly windowMs: number;
  /** Minimum number of samples for a verdict. */
  readonly minimum: number;
}

const BUCKETS = 10;

/**
 * A strategy for a circuit breaker: the rates of failures and of slow samples over a sliding window of ten buckets. It
 * replaces cockatiel's SamplingBreaker, which compares with `>`, reads the wall clock, and lets samples of a quiet time
 * outlive the window.
 */
export class SlidingWindow implements IBreaker {
  readonly #policy: WindowPolicy;
  readonly #clock: Clock;
  readonly #bucketMs: number;
  readonly #samples = new Count();
  readonly #failures = new Count();
  readonly #slow = new Count();
  readonly #gaveUp = new Count(); // slow without a verdict: no samples for the rate of failures
  #bucket = 0; // number of the current one since time zero

  constructor(policy: WindowPolicy, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
    this.#bucketMs = policy.windowMs / BUCKETS;
  }
  /** Returns the current contents of the window. */
  get state(): { samples: number; failures: number; slow: number; gaveUp: number } {
    this.#advance();
    return {
      samples: this.#samples.sum,
      failures: this.#failures.sum,
      slow: this.#slow.sum,
      gaveUp: this.#gaveUp.sum,
    };
  }
  success(state: CircuitState, slow = false): void {
    if (state === HALF_OPEN) this.reset();
    const slot = this.#advance();
    this.#samples.add(slot);
    if (slow) this.#slow.add(slot);
  }
  failure(state: CircuitState, slow = false): boolean {
    const slot = this.#advance();
    this.#samples.add(slot);
    this.#failures.add(slot);
    if (slow) this.#slow.add(slot);
    return state !== CLOSED || this.tripped;
  }
  /** Records that a slow attempt was abandoned, without any other verdict. */
  gaveUp(): void {
    const slot = this.#advance();
    this.#gaveUp.add(slot);
    this.#slow.add(slot);
  }
  /** True if the samples of the window suffice to open. A success can be the deciding sample. */
  get tripped(): boolean {
    const { minimum, errorRate, slowRate } = this.#policy;
    const { samples, failures, slow, gaveUp } = this.state;
    if (samples >= minimum && failures > 0 && failures >= errorRate * samples) return true;
    const timed = samples + gaveUp;
    return slowRate !== undefined && timed >= minimum && slow > 0 && slow >= slowRate * timed;
  }
  reset(): void {
    for (const count of [this.#samples, this.#failures, this.#slow, this.#gaveUp]) count.reset();
  }
  /** Removes old buckets; returns the slot of the current bucket. */
  #advance(): number {
    const bucket = Math.floor(this.#clock.now() / this.#bucketMs);
    const expired = Math.min(BUCKETS, bucket - this.#bucket);
    for (let i = 1; i <= expired; i++) {
      const slot = (this.#bucket + i) % BUCKETS;
      this.#samples.clear(slot);
      this.#failures.clear(slot);
      this.#slow.clear(slot);
      this.#gaveUp.clear(slot);
    }
    this.#bucket = bucket;
    return bucket % BUCKETS;
  }
}

/** A number for each bucket, and their sum. */
class Count {
  sum = 0;
  readonly #slots = new Int32Array(BUCKETS);

  add(slot: number): void {
    this.#slots[slot] = (this.#slots[slot] ?? 0) + 1;
    this.sum++;
  }
  clear(slot: number): void {
    this.sum -= this.#slots[slot] ?? 0;
    this.#slots[slot] = 0;
  }
  reset(): void {
    this.sum = 0;
    this.#slots.fill(0);
  }
}

import { CircuitState, type IBreaker } from "cockatiel";
import type { Clock } from "./clock.ts";

export interface WindowPolicy {
  /** From 0 to 1. */
  readonly errorRate: number;
  readonly windowMs: number;
  /** With fewer samples than this there is no verdict. */
  readonly minimum: number;
}

const BUCKETS = 10;

/**
 * A strategy for a circuit breaker: the rate of failures over a sliding window of ten buckets. In place of cockatiel's
 * SamplingBreaker, which compares with `>`, reads the wall clock, and lets samples of a quiet time outlive the window.
 */
export class SlidingWindow implements IBreaker {
  readonly #policy: WindowPolicy;
  readonly #clock: Clock;
  readonly #bucketMs: number;
  readonly #samples = new Int32Array(BUCKETS);
  readonly #failures = new Int32Array(BUCKETS);
  #sumSamples = 0;
  #sumFailures = 0;
  #bucket = 0; // number of the current one since time zero

  constructor(policy: WindowPolicy, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
    this.#bucketMs = policy.windowMs / BUCKETS;
  }
  /** What is in the window now. */
  get state(): { samples: number; failures: number } {
    this.#advance();
    return { samples: this.#sumSamples, failures: this.#sumFailures };
  }
  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.reset();
    this.#add(0);
  }
  failure(state: CircuitState): boolean {
    this.#add(1);
    return state !== CircuitState.Closed || this.tripped;
  }
  /** Whether what the window holds is enough to open. A success can be the sample that makes it enough. */
  get tripped(): boolean {
    const { samples, failures } = this.state;
    return samples >= this.#policy.minimum && failures > 0 && failures >= this.#policy.errorRate * samples;
  }
  reset(): void {
    this.#samples.fill(0);
    this.#failures.fill(0);
    this.#sumSamples = this.#sumFailures = 0;
  }
  #add(failures: 0 | 1): void {
    this.#advance();
    const slot = this.#bucket % BUCKETS;
    this.#samples[slot] = (this.#samples[slot] ?? 0) + 1;
    this.#sumSamples++;
    this.#failures[slot] = (this.#failures[slot] ?? 0) + failures;
    this.#sumFailures += failures;
  }
  #advance(): void {
    const bucket = Math.floor(this.#clock.now() / this.#bucketMs);
    if (bucket === this.#bucket) return;
    const gone = Math.min(BUCKETS, bucket - this.#bucket);
    for (let i = 1; i <= gone; i++) {
      const slot = (this.#bucket + i) % BUCKETS;
      this.#sumSamples -= this.#samples[slot] ?? 0;
      this.#sumFailures -= this.#failures[slot] ?? 0;
      this.#samples[slot] = 0;
      this.#failures[slot] = 0;
    }
    this.#bucket = bucket;
  }
}

// For tests only: the meaning of a rate in whole numbers of any size, and the operations on one.
import fc from "fast-check";

/** A bucket that charges fill and that leaks all the time, in whole numbers of any size: microseconds times rate. */
export class Bucket {
  readonly #rate: bigint;
  readonly #per: bigint;
  readonly #full: bigint;
  #level = 0n;
  #at = 0n;

  constructor({ rate, per, burst }: { rate: number; per: number; burst: number }) {
    this.#rate = BigInt(rate);
    this.#per = BigInt(per) * 1000n;
    this.#full = BigInt(burst) * this.#per;
  }
  at(micros: bigint): this {
    const level = this.#level - (micros - this.#at) * this.#rate;
    this.#level = level < 0n ? 0n : level;
    this.#at = micros;
    return this;
  }
  charge(cost: number): boolean {
    const after = this.#level + BigInt(cost) * this.#per;
    if (after > this.#full) return false;
    this.#level = after;
    return true;
  }
  add(cost: number): void {
    const after = this.#level + BigInt(cost) * this.#per;
    this.#level = after < 0n ? 0n : after;
  }
  /** Returns the time until this passes, in microseconds. */
  wait(cost: number): bigint {
    const over = this.#level + BigInt(cost) * this.#per - this.#full;
    return over <= 0n ? 0n : (over + this.#rate - 1n) / this.#rate;
  }
}

export const shapes = fc.record({
  rate: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_000_000 })),
  per: fc.constantFrom(1, 7, 100, 1_000, 60_000, 3_600_000, 86_400_000),
  burst: fc.integer({ min: 1, max: 50 }),
});
export const acts = fc.array(
  fc.record({
    cost: fc.integer({ min: 0, max: 60 }),
    act: fc.constantFrom("charge", "charge", "charge", "give back", "add"),
    // Exactly at the edge, just before it, or anywhere.
    pause: fc.oneof(
      fc.constantFrom<"edge" | "before">("edge", "before"),
      fc.nat(5_000),
      fc.nat(10_000_000),
      fc.constant(0),
    ),
  }),
  { maxLength: 60 },
);

// For tests only: fakes, rigs and upstreams that the runtime's own tests share. They may import every folder, and no
// folder imports them.
import { FakeClock } from "@protobff/testing/fake-clock";

export { FakeClock, idle } from "@protobff/testing/fake-clock";

/** A clock with random numbers from a seed. */
export class RandomClock extends FakeClock {
  #state: number;

  constructor(seed: number) {
    super();
    this.#state = seed;
  }
  /** Mulberry32. */
  override random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}

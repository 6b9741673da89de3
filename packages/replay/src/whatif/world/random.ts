/** Pseudo-random numbers from a seed: the same seed gives the same run. */
export class Random {
  #state: number;

  /** @param name separates the numbers of one purpose from those of others with the same seed */
  constructor(seed: number, name = "") {
    let hash = seed >>> 0;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
    this.#state = hash;
    this.next();
  }
  /** Returns a number from 0 (included) to 1 (excluded). Mulberry32, by Tommy Ettinger. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  /** Returns the time until the next event of a Poisson process, in units of 1 / `rate`. */
  gap(rate: number): number {
    return -Math.log(1 - this.next()) / rate;
  }
}

/** Returns a function that draws from `count` values by Zipf's law: value `k` has the weight `1 / k ** skew`. */
export function zipf(count: number, skew: number): (random: Random) => number {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let k = 0; k < count; k++) {
    sum += (k + 1) ** -skew;
    cumulative[k] = sum;
  }
  return (random) => {
    const at = random.next() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? sum) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

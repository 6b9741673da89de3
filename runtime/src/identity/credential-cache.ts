import type { Caller } from "./caller.ts";

/** Callers that a source keeps, at most. */
export const MOST_CALLERS = 10_000;
/** Approximate maximum size of the cached values, in bytes. */
const MOST_BYTES = 32 << 20;

/**
 * Results by key, bounded in number and bytes: the least recently used one is dropped first.
 *
 * @example
 * const callers = new CredentialCache<Caller>(10_000);
 * callers.set(key, caller);
 */
export class CredentialCache<V> {
  readonly #most: number;
  readonly #weigh: (value: V) => number;
  readonly #all = new Map<string, V>(); // in the order of their use
  #bytes = 0;

  /** @param weigh in bytes, the same for as long as it is remembered */
  constructor(most = MOST_CALLERS, weigh: (value: V) => number = () => 0) {
    this.#most = most;
    this.#weigh = weigh;
  }
  get size(): number {
    return this.#all.size;
  }
  get(key: string): V | undefined {
    const value = this.#all.get(key);
    if (value === undefined) return undefined;
    this.#all.delete(key);
    this.#all.set(key, value);
    return value;
  }
  set(key: string, value: V): void {
    this.delete(key);
    this.#all.set(key, value);
    this.#bytes += this.#weigh(value);
    for (const oldest of this.#all.keys()) {
      if (this.#all.size <= this.#most && this.#bytes <= MOST_BYTES) break;
      this.delete(oldest);
    }
  }
  delete(key: string): void {
    const value = this.#all.get(key);
    if (value === undefined) return;
    this.#all.delete(key);
    this.#bytes -= this.#weigh(value);
  }
}

/**
 * Returns the approximate size of a caller, in bytes. It covers the principal's bytes, the message decoded from them,
 * and the key that has them as text.
 */
export function weightOf({ bytes, key, token = "" }: Caller): number {
  return 4 * bytes.length + key.length + token.length + 1024;
}

import { Lru } from "../lru.ts";
import type { Caller } from "./caller.ts";

/** Callers that a source keeps, at most. */
export const MAX_CALLERS = 10_000;
/** Approximate maximum size of the cached values, in bytes. */
const MAX_BYTES = 32 << 20;

/**
 * Results by key, at most 32 MiB of them: the least recently used one is dropped first.
 *
 * @example
 * const callers = new CredentialCache<Caller>(10_000);
 * callers.set(key, caller);
 */
export class CredentialCache<V> extends Lru<V> {
  /**
   * @param most maximum number of results
   * @param weigh in bytes, the same for as long as it is remembered
   */
  constructor(most = MAX_CALLERS, weigh?: (value: V) => number) {
    super({ most, maxBytes: MAX_BYTES, weigh });
  }
}

/**
 * Returns the approximate size of a caller, in bytes. It covers the principal's bytes, the message decoded from them,
 * and the key that has them as text.
 */
export function weightOf({ bytes, key, token = "" }: Caller): number {
  return 4 * bytes.length + key.length + token.length + 1024;
}

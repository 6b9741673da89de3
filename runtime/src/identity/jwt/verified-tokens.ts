import type { Caller } from "../caller.ts";
import { weightOf } from "../credential-cache.ts";
import type { Key } from "./keys.ts";

/** A token that has been verified. */
export interface VerifiedToken {
  readonly caller: Caller;
  /** Key that signed the token. The token is valid only while the key is. */
  readonly key: Key;
  /** Second of the wall clock at which the token expires. */
  readonly until: number;
}

export const MAX_TOKENS = 10_000;
/** Approximate maximum size of the cached tokens, in bytes. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Cache of verified tokens, by digest. The least recently used one is dropped first. */
export class VerifiedTokens {
  readonly #byDigest = new Map<string, VerifiedToken>();
  #bytes = 0;

  get size(): number {
    return this.#byDigest.size;
  }

  has(digest: string): boolean {
    return this.#byDigest.has(digest);
  }

  get(digest: string, second: number): Caller | undefined {
    const known = this.#byDigest.get(digest);
    if (known === undefined) return undefined;
    this.#byDigest.delete(digest);
    if (known.key.live && second < known.until) {
      this.#byDigest.set(digest, known);
      return known.caller;
    }
    this.#bytes -= weightOf(known.caller);
    return undefined;
  }

  set(digest: string, verified: VerifiedToken): void {
    this.#forget(digest);
    this.#byDigest.set(digest, verified);
    this.#bytes += weightOf(verified.caller);
    for (const oldest of this.#byDigest.keys()) {
      if (this.#byDigest.size <= MAX_TOKENS && this.#bytes <= MAX_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(digest: string): void {
    const known = this.#byDigest.get(digest);
    if (known === undefined) return;
    this.#byDigest.delete(digest);
    this.#bytes -= weightOf(known.caller);
  }
}

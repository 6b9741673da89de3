import type { Caller } from "../caller.ts";
import { weightOf } from "../credential-cache.ts";
import type { Key } from "./keys.ts";

/** A token that has been verified. */
export interface VerifiedToken {
  readonly caller: Caller;
  /** What has signed it: it counts for as long as that does. */
  readonly key: Key;
  /** The wall clock's second from which on it has expired. */
  readonly until: number;
}

export const MAX_TOKENS = 10_000;
/** Of what is remembered, roughly. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Who presented which token, by the token's digest. The one that was asked for longest ago goes first. */
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

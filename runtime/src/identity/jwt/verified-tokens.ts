import type { Caller } from "../caller.ts";
import { CredentialCache, MAX_CALLERS, weightOf } from "../credential-cache.ts";
import type { Key } from "./keys.ts";

/** A token that has been verified. */
interface VerifiedToken {
  readonly caller: Caller;
  /** Key that signed the token. The token is valid only while the key is. */
  readonly key: Key;
  /** Second of the wall clock at which the token expires. */
  readonly until: number;
  /** True if it is only for the resource of the request that brought it. */
  readonly forResource?: boolean | undefined;
}

/** Cache of verified tokens, by digest. */
export class VerifiedTokens {
  readonly #byDigest = new CredentialCache<VerifiedToken>(MAX_CALLERS, ({ caller }) => weightOf(caller));

  get size(): number {
    return this.#byDigest.size;
  }

  has(digest: string): boolean {
    return this.#byDigest.has(digest);
  }

  /** @param atResource true for a request to the resource */
  get(digest: string, second: number, atResource = false): Caller | undefined {
    const known = this.#byDigest.get(digest);
    if (known === undefined || (known.forResource && !atResource)) return undefined;
    if (known.key.live && second < known.until) return known.caller;
    this.#byDigest.delete(digest);
    return undefined;
  }

  set(digest: string, verified: VerifiedToken): void {
    this.#byDigest.set(digest, verified);
  }
}

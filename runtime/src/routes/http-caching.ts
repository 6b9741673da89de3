// HTTP caching of answers over GET, and validation of an answer that the client already has (RFC 9110, 9111).
// Everything that is served over GET uses this module.
import { hash } from "node:crypto";
import type { HttpCaching } from "../endpoint/http-caching.ts";

/** An answer over GET that is about to be sent with status 200. */
interface HttpAnswer {
  /** Undefined: no cache may keep answers of this RPC. */
  readonly policy: HttpCaching | undefined;
  /** The body, uncompressed. */
  readonly body: Uint8Array;
  /** The request's header. */
  readonly ifNoneMatch: string | null | undefined;
  /** True if the answer is degraded, stale, or for this client alone, for example with a cookie. */
  readonly once: boolean;
  /**
   * Headers besides the policy's that the answer depends on, in lower case: those of its compression, and `origin` if
   * pages of other sites may read it.
   */
  readonly vary: readonly string[];
  /** Header with its tags for a CDN: name and value. Default: none. */
  readonly tags?: readonly string[] | undefined;
}

/** Status and headers of an answer: 304 has no body, and none of the headers that describe one. */
interface CachedAnswer {
  readonly status: 200 | 304;
  /** Names, in lower case, and values in turn. */
  readonly headers: readonly string[];
}

/** Returns the status and headers of an answer over GET. All checks before it, for example permits, have passed. */
export function cachedAnswer({ policy, body, ifNoneMatch, once, vary, tags = [] }: HttpAnswer): CachedAnswer {
  if (policy === undefined || once) return { status: 200, headers: NO_STORE };
  // Weak, because it is the same with and without compression.
  const tag = hash("sha256", body, "base64url").slice(0, TAG_CHARACTERS);
  const names = [...policy.vary, ...vary.filter((name) => !policy.vary.includes(name))];
  const headers = ["cache-control", cacheControl(policy), "etag", `W/"${tag}"`, "vary", names.join(", "), ...tags];
  return { status: hasIt(ifNoneMatch, tag) ? 304 : 200, headers };
}

/** Headers of failures, and of answers that no cache may keep. */
export const NO_STORE: readonly string[] = Object.freeze(["cache-control", "no-store"]);
/** 132 bits. */
const TAG_CHARACTERS = 22;

function cacheControl({ maxAgeMs, staleMs = 0, shared = false }: HttpCaching): string {
  const scope = shared ? "public" : "private";
  const stale = Math.floor(staleMs / 1_000);
  const age = Math.floor(maxAgeMs / 1_000);
  if (age === 0 && stale === 0) return `${scope}, no-cache`;
  return `${scope}, max-age=${age}${stale === 0 ? "" : `, stale-while-revalidate=${stale}`}`;
}

/** Maximum size of `if-none-match`, in characters. A longer one gets the whole answer. */
const MAX_TAGS = 4_096;

/** An entity-tag; weak and strong tags are equal here (RFC 9110, 13.1.2). */
const TAG = /(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g;

function hasIt(ifNoneMatch: string | null | undefined, tag: string): boolean {
  if (ifNoneMatch === null || ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  if (ifNoneMatch.length > MAX_TAGS) return false;
  for (const [, known] of ifNoneMatch.matchAll(TAG)) if (known === tag) return true;
  return false;
}

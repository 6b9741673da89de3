import type { webcrypto } from "node:crypto";
import { kindFor, kindOf } from "./algorithms.ts";
import type { JwkImport, PublicJwk } from "./jose.ts";
import { parsed } from "./locate-keys.ts";

/** Maximum number of keys in a set. */
export const MAX_KEYS = 100;
/**
 * Size of the modulus of RSA keys, in bytes. Shorter keys are not safe (RFC 7518 section 3.3), longer ones take too
 * long.
 */
const RSA_BYTES = { min: 256, max: 1024 };

/** A key of an issuer. */
export interface Key {
  /** Text that identifies the key among all others. */
  readonly identity: string;
  readonly id: string | undefined;
  /** Kind of the key, as in algorithms.ts. */
  readonly kind: string;
  /** The only algorithm for which the key may be used, if the issuer restricts it. */
  readonly algorithm: string | undefined;
  /** False after the issuer has withdrawn the key. Its signatures no longer count. */
  live: boolean;
  /** Returns the key for use with an algorithm. Rejects if the key cannot be used. */
  for(algorithm: string): Promise<webcrypto.CryptoKey>;
}

/**
 * Reads the keys of a JWK set (RFC 7517 section 5) that can verify signatures. Other keys are left out, as are members
 * that are not necessary, like those of a private key.
 *
 * @throws Error whose message describes the problem, also if the set has no such key
 */
export function readKeys(text: string, importer: JwkImport): readonly Key[] {
  const { keys } = parsed(text);
  if (!Array.isArray(keys)) throw new Error("answers with no set of keys");
  if (keys.length > MAX_KEYS) throw new Error(`has more than ${MAX_KEYS} keys`);
  const usable = keys.flatMap((key: unknown) => keyOf(key, importer) ?? []);
  if (usable.length === 0) throw new Error("has no key that verifies signatures");
  return usable;
}

/**
 * Returns the one key that a token is signed with, by its id. Without an id the set must have a single key for the
 * algorithm.
 */
export function chosen(keys: readonly Key[], id: string | undefined, algorithm: string): Key | undefined {
  const kind = kindFor(algorithm);
  const [first, ...others] = keys.filter(
    (key) =>
      key.kind === kind &&
      (key.algorithm === undefined || key.algorithm === algorithm) &&
      (id === undefined || key.id === id),
  );
  return others.length === 0 ? first : undefined;
}

function keyOf(json: unknown, importer: JwkImport): Key | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { kid, alg, use, key_ops: operations, ...members } = json as Readonly<Record<string, unknown>>;
  const jwk = publicPart(members);
  if (jwk === undefined || !isOptionalText(kid) || !isOptionalText(alg)) return undefined;
  if (use !== undefined && use !== "sig") return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) return undefined;
  const imported = new Map<string, Promise<webcrypto.CryptoKey>>();
  return {
    identity: JSON.stringify([kid, alg, jwk.kty, jwk.crv, jwk.x, jwk.y, jwk.n, jwk.e]),
    id: kid,
    kind: kindOf(jwk),
    algorithm: alg,
    live: true,
    for(algorithm) {
      const known = imported.get(algorithm) ?? importKey(jwk, algorithm, importer);
      imported.set(algorithm, known);
      return known;
    },
  };
}

const isOptionalText = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === "string";

function publicPart(members: Readonly<Record<string, unknown>>): PublicJwk | undefined {
  const { kty, crv, x, y, n, e } = members;
  const text = (value: unknown): value is string => typeof value === "string" && value !== "";
  if (kty === "RSA" && text(n) && text(e)) {
    const bytes = Buffer.from(n, "base64url").length;
    return bytes >= RSA_BYTES.min && bytes <= RSA_BYTES.max && e.length <= 8 ? { kty, n, e } : undefined;
  }
  if (kty === "EC" && text(crv) && text(x) && text(y)) return { kty, crv, x, y };
  if (kty === "OKP" && text(crv) && text(x)) return { kty, crv, x };
  return undefined;
}

async function importKey(jwk: PublicJwk, algorithm: string, importer: JwkImport): Promise<webcrypto.CryptoKey> {
  const key = await importer.importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) throw new Error("is no public key");
  return key;
}

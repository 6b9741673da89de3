/**
 * The signature algorithms that a source may name (RFC 7518 section 3.1, RFC 8037, RFC 9864), with the kinds of their
 * keys.
 */
const KEYS: ReadonlyMap<string, string> = new Map([
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map((algorithm) => [algorithm, "RSA"] as const),
  ["ES256", "EC P-256"],
  ["ES384", "EC P-384"],
  ["ES512", "EC P-521"],
  ["EdDSA", "OKP Ed25519"],
  ["Ed25519", "OKP Ed25519"],
]);

/**
 * All supported algorithms. `none` and the HMAC algorithms are not supported: an HMAC key would have to be shared with
 * every verifier.
 */
export const ALGORITHMS: readonly string[] = [...KEYS.keys()];

export const DEFAULT_ALGORITHMS: readonly string[] = ["RS256", "PS256", "ES256", "EdDSA"];

/** Returns the kind of key that an algorithm needs: type and curve, as `kindOf` gives them. */
export function kindFor(algorithm: string): string | undefined {
  return KEYS.get(algorithm);
}

/** Returns a key's type, and its curve if it has one. */
export function kindOf({ kty, crv }: { readonly kty: string; readonly crv?: string | undefined }): string {
  return crv === undefined || kty === "RSA" ? kty : `${kty} ${crv}`;
}

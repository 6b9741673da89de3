import type { webcrypto } from "node:crypto";
/** Imports keys from the JWKs that an issuer publishes. */
export interface JwkImport {
  importJWK(jwk: PublicJwk, algorithm: string): Promise<webcrypto.CryptoKey | Uint8Array>;
}

/**
 * The part of jose that is used. jose is an optional peer dependency. Its types are repeated here, so that deployments
 * without tokens need not install it.
 */
export interface Jose extends JwkImport {
  /** @throws for any fault of the token */
  jwtVerify(
    token: string,
    key: webcrypto.CryptoKey,
    options: {
      readonly issuer: string;
      readonly audience: string[];
      readonly algorithms: string[];
      /** In seconds. */
      readonly clockTolerance: number;
      readonly requiredClaims: string[];
      readonly currentDate: Date;
    },
  ): Promise<{ readonly payload: Readonly<Record<string, unknown>> }>;
}

/** The public members of a JSON Web Key (RFC 7518 section 6), for signatures of the kinds that are supported. */
export interface PublicJwk {
  readonly kty: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** @throws if it is not installed */
export async function loadJose(): Promise<Jose> {
  const { importJWK, jwtVerify } = await import("jose");
  return { importJWK: (jwk, algorithm) => importJWK({ ...jwk }, algorithm), jwtVerify };
}

import type { webcrypto } from "node:crypto";
/** What makes keys of what an issuer publishes. */
export interface JwkImport {
  importJWK(jwk: PublicJwk, algorithm: string): Promise<webcrypto.CryptoKey | Uint8Array>;
}

/** What is used of jose, an optional peer: written down here, so that who does without tokens needs neither it nor its types. */
export interface Jose extends JwkImport {
  /** @throws for whatever is wrong with the token */
  jwtVerify(
    token: string,
    key: webcrypto.CryptoKey,
    options: {
      readonly issuer: string;
      readonly audience: string[];
      readonly algorithms: string[];
      /** Seconds. */
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

/** @throws where it is not installed */
export async function loadJose(): Promise<Jose> {
  const { importJWK, jwtVerify } = await import("jose");
  return { importJWK: (jwk, algorithm) => importJWK({ ...jwk }, algorithm), jwtVerify };
}

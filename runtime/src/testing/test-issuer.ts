import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { FetchDocument, IssuerDocument } from "../identity/jwt/fetch-document.ts";
import { FakeClock } from "./fake-clock.ts";

export const ISSUER = "https://issuer.example";
export const AUDIENCE = "web";

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}
/** Created once, because RSA keys take time. */
export const PAIRS: Readonly<Record<"rsa" | "rsa2" | "p256" | "ed25519", Pair>> = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  rsa2: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  p256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ed25519: generateKeyPairSync("ed25519"),
};

export function jwkOf({ publicKey }: Pair, more: object = {}): object {
  return { ...publicKey.export({ format: "jwk" }), ...more };
}

const encoded = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString("base64url");

/** Returns a token in compact form, signed by node:crypto instead of the code that verifies it. */
export function signed(header: object, claims: unknown, privateKey: KeyObject): string {
  return signedText(header, JSON.stringify(claims), privateKey);
}
export function signedText(header: object, payload: string, privateKey: KeyObject): string {
  const input = `${encoded(header)}.${Buffer.from(payload).toString("base64url")}`;
  const { alg } = header as { readonly alg?: string };
  const signature = sign(alg === "EdDSA" || alg === "Ed25519" ? null : `sha${alg?.slice(2)}`, Buffer.from(input), {
    key: privateKey,
    dsaEncoding: "ieee-p1363",
    ...(alg?.startsWith("PS") && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(alg.slice(2)) / 8 }),
  });
  return `${input}.${signature.toString("base64url")}`;
}

/** An issuer without a network: `answer` provides its documents. */
export class TestIssuer {
  readonly clock = new FakeClock();
  keys: readonly object[] = [jwkOf(PAIRS.rsa, { kid: "one", use: "sig", alg: "RS256" })];
  cacheControl: string | undefined;
  /** Addresses of the requested documents, in order. */
  readonly requests: string[] = [];
  discovery: object = { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` };
  /** Replaces its answers. */
  answer: ((address: string, signal: AbortSignal) => Promise<IssuerDocument>) | undefined;

  readonly fetch: FetchDocument = async (address, signal) => {
    this.requests.push(address);
    if (this.answer !== undefined) return this.answer(address, signal);
    const document = address.endsWith("openid-configuration") ? this.discovery : { keys: this.keys };
    return { text: JSON.stringify(document), cacheControl: this.cacheControl };
  };

  /** In seconds. */
  get now(): number {
    return Math.floor(this.clock.date().getTime() / 1000);
  }
  claims(more: object = {}): Record<string, unknown> {
    return { iss: ISSUER, aud: AUDIENCE, sub: "ada", exp: this.now + 300, ...more };
  }
  token(claims: object = {}, header: object = {}, { privateKey }: Pair = PAIRS.rsa): string {
    return signed({ alg: "RS256", kid: "one", ...header }, this.claims(claims), privateKey);
  }
}

// The issuer of callers' tokens. Its keys are the same in every run, so that servers may know them beforehand.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";

/** The claims `iss` and `aud` of tokens. */
const ISSUER = "https://issuer.conformance.test";
const AUDIENCE = "conformance";
/** Lifetime of tokens in seconds. */
const LIFETIME_S = 600;
/** DER of a private Ed25519 key before its 32 bytes: RFC 8410, section 7. */
const PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** Claims of a token. `exp`, `nbf` and `iat` are seconds from now; null leaves a claim out. */
export interface Caller {
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The token is signed by a key that the issuer does not publish. */
  readonly forged?: true;
}

function keyOf(seed: string): KeyObject {
  const secret = createHash("sha256").update(`bff.v1 conformance, ${seed}`).digest();
  return createPrivateKey({ key: Buffer.concat([PREFIX, secret]), format: "der", type: "pkcs8" });
}
const issuer = keyOf("issuer");
const forger = keyOf("forger");

/** Returns the issuer's keys as a JSON Web Key Set (RFC 7517). */
export function keys(): string {
  const key = { ...createPublicKey(issuer).export({ format: "jwk" }), kid: "1", alg: "EdDSA", use: "sig" };
  return JSON.stringify({ keys: [key] });
}

/** Returns a JSON Web Token (RFC 7519) for the header `authorization`. */
export function tokenOf({ claims = {}, forged }: Caller): string {
  const now = Math.floor(Date.now() / 1000);
  const all = Object.entries({ iss: ISSUER, aud: AUDIENCE, iat: 0, exp: LIFETIME_S, ...claims }).map(
    ([name, value]) => [name, /^(exp|nbf|iat)$/.test(name) && value !== null ? now + Number(value) : value] as const,
  );
  const parts = [{ alg: "EdDSA", kid: "1", typ: "JWT" }, Object.fromEntries(all.filter(([, value]) => value !== null))];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `Bearer ${text}.${sign(null, Buffer.from(text), forged ? forger : issuer).toString("base64url")}`;
}

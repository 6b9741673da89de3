import { createPublicKey } from "node:crypto";
import type { Route } from "../routes.ts";
import type { KeyFiles } from "./key-files.ts";

/** Path of the public keys: a JWK set (RFC 7517) with the issuer beside it. */
export const KEYS_PATH = "/.well-known/bff-keys";
/** Time for which clients may cache the keys, in seconds. A new key must be published before it signs. */
const MAX_AGE_S = 300;

export function publishedKeys(issuer: string, keys: KeyFiles): Route {
  return ({ method }) => {
    if (method !== "GET" && method !== "HEAD") return { status: 405, headers: ["allow", "GET, HEAD"] };
    const jwks = keys.current.all.map(({ id, key }) => {
      const { crv, x } = createPublicKey(key).export({ format: "jwk" });
      return { kty: "OKP", crv, x, kid: id, use: "sig", alg: "EdDSA" };
    });
    const headers = ["content-type", "application/json", "cache-control", `public, max-age=${MAX_AGE_S}`];
    return { status: 200, headers, body: JSON.stringify({ issuer, keys: jwks }) };
  };
}

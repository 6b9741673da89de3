// Levels of credentials, of what upstreams learn of callers, and of TLS.

import { type Factor, factor, type Parts } from "../parts.ts";
import { JWT } from "./edge-levels.ts";

const PUBLIC = { BFF_PUBLIC_URL: "https://app.example" };
const CLAIMS = "message CallerClaims { string sub = 1; repeated string scopes = 2; repeated string roles = 3; }";
/** The fields of the principal from these claims. */
const BY_CLAIMS = `set: [{ name: "subject" by: "claims.sub" }, { name: "scopes" by: "claims.scopes" }, { name: "roles" by: "claims.roles" }]`;
const ISSUER = `env: { name: "ISSUER" type: "string" }`;
const sourced = (source: string): string => `identity: { source: { name: "user" ${source} } }`;
/** A token whose place or subject differs. */
const token = (place: string): Parts => ({
  identity: `${ISSUER} ${sourced(
    `jwt: { issuer: "{env.ISSUER}" audience: "shop" jwks: "{env.ISSUER}/jwks" claims: "CallerClaims" ${place} } ${BY_CLAIMS}`,
  )}`,
  messages: CLAIMS,
  needs: ["issuer"],
  env: PUBLIC,
});

/** Before the levels of identity, whose own identity replaces theirs. */
export const IDENTIFY: Factor = factor("identify", {
  signed: {
    identity: JWT,
    price: "identify: SIGNED",
    needs: ["issuer", "signing key"],
    env: { ...PUBLIC, BFF_IDENTITY_ISSUER: "https://app.example" },
  },
  token: { identity: JWT, price: "identify: TOKEN", needs: ["issuer"], env: PUBLIC },
});
export const CALLERS: readonly Factor[] = [
  // Each source is named "user". Its callers have the subject, scope and role that levels of identity need.
  factor("credential", {
    "token in a header": { ...token(`header: "x-user-token"`), credential: "header" },
    "token in a cookie": { ...token(`cookie: "__Host-token"`), credential: "cookie" },
    svid: {
      identity: `${ISSUER} ${sourced(
        `jwt: { issuer: "{env.ISSUER}" audience: "shop" subject: "spiffe://shop.example/ns/*/ann" claims: "CallerClaims" } set: [{ name: "subject" by: "'ann'" }, { name: "scopes" by: "claims.scopes" }, { name: "roles" by: "claims.roles" }]`,
      )}`,
      messages: CLAIMS,
      credential: "svid",
      needs: ["issuer"],
      env: PUBLIC,
    },
    "api key": {
      identity: sourced(
        `api_key: { header: "x-shop-key" prefix: "shop_" cache: "1s" claims: "CallerClaims" } set: [{ name: "subject" by: "credential.subject" }, { name: "scopes" by: "credential.scopes" }, { name: "roles" by: "claims.roles" }]`,
      ),
      messages: CLAIMS,
      credential: "api key",
      needs: ["store"],
      env: PUBLIC,
    },
    assertion: {
      identity: `env: { name: "GATEWAY_KEYS" type: "string" } ${sourced(
        `assertion: { header: "x-caller-bin" issuer: "https://gateway.example" claims: "bff.v1.Principal" keys: "{env.GATEWAY_KEYS}" } set: [{ name: "subject" by: "claims.subject" }, { name: "scopes" by: "claims.scopes" }, { name: "roles" by: "claims.roles" }]`,
      )}`,
      credential: "assertion",
      env: PUBLIC,
    },
    trusted: {
      identity: `identity: { type: "Caller" source: { name: "user" trusted: { header: "x-gateway-caller-bin" } } }`,
      messages: "message Caller { string subject = 1; repeated string scopes = 2; repeated string roles = 3; }",
      credential: "trusted",
      env: { ...PUBLIC, BFF_TRUSTED_PROXIES: "127.0.0.1" },
    },
    "trusted, from a certificate": {
      identity: sourced(
        `trusted: { header: "x-gateway-claims" claims: "CallerClaims" } from: ["gateway.shop.example"] ${BY_CLAIMS}`,
      ),
      messages: CLAIMS,
      credential: "gateway",
      needs: ["tls", "client authority"],
      env: PUBLIC,
    },
    certificate: {
      identity: sourced(
        `peer: { dns: "*.shop.example" spiffe: "spiffe://shop.example/ns/*" } set: [{ name: "subject" by: "'ann'" }, { name: "scopes" by: "['read']" }, { name: "roles" by: "['readers']" }]`,
      ),
      credential: "peer",
      needs: ["tls", "client authority"],
      env: PUBLIC,
    },
    session: {
      identity: `env: { name: "PROVIDER" type: "string" } ${sourced(
        `session: { issuer: "{env.PROVIDER}" client_id: "web" scope: ["offline_access"] cookie: "__Host-shop" idle: "1h" absolute: "12h" claims: "CallerClaims" } ${BY_CLAIMS}`,
      )}`,
      messages: CLAIMS,
      credential: "session",
      needs: ["redis"],
      env: {
        ...PUBLIC,
        BFF_SESSION_KEYS: Buffer.alloc(32, 3).toString("base64"),
        BFF_USER_CLIENT_SECRET: "a secret of the client's",
      },
    },
  }),
  factor("TLS", { on: { needs: ["tls"], env: { BFF_HSTS: "1h" } } }),
];

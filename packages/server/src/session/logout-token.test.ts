// OpenID Connect Back-Channel Logout 1.0, section 2.6: what makes a logout token, and what does not.

import { type Jose, loadJose } from "@protobff/runtime/internal/identity/jwt/jose";
import { KeySet } from "@protobff/runtime/internal/identity/jwt/key-set";
import { AUDIENCE, ISSUER, PAIRS, signed, TestIssuer } from "@protobff/runtime/internal/testing/test-issuer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyLogoutToken } from "./logout-token.ts";

const issuer = new TestIssuer();
let jose: Jose;
let keys: KeySet;
beforeAll(async () => {
  jose = await loadJose();
  const place = { kind: "discovery", issuer: ISSUER } as const;
  keys = new KeySet({ place, maxStaleMs: 60_000, clock: issuer.clock, jose, fetch: issuer.fetch, failed: () => {} });
  await keys.opened;
});
afterAll(() => keys.close());

const HEADER = { alg: "RS256", kid: "one", typ: "logout+jwt" };
const EVENTS = { "http://schemas.openid.net/event/backchannel-logout": {} };
const claims = (more: object = {}) => ({
  iss: ISSUER,
  aud: AUDIENCE,
  iat: issuer.now,
  exp: issuer.now + 120,
  jti: "j",
  events: EVENTS,
  sub: "ada",
  sid: "s1",
  ...more,
});
const verify = (token: string) =>
  verifyLogoutToken(token, { issuer: ISSUER, clientId: AUDIENCE, keys, jose, clock: issuer.clock });
const token = (more: object = {}, header: object = HEADER) => signed(header, claims(more), PAIRS.rsa.privateKey);

test("a token names a session, or else a subject", async () => {
  expect(await verify(token())).toEqual({ sid: "s1" });
  expect(await verify(token({ sid: undefined }))).toEqual({ sub: "ada" });
  expect(await verify(token({ exp: undefined }))).toEqual({ sid: "s1" });
});
test.each<[string, object, object?]>([
  ["with a nonce, as ID tokens have", { nonce: "n" }],
  ["without an event", { events: undefined }],
  ["of another event", { events: { "http://schemas.openid.net/event/other": {} } }],
  ["whose events are a text", { events: Object.keys(EVENTS)[0] }],
  ["of nobody", { sub: undefined, sid: undefined }],
  ["of a session that is no text", { sid: 7, sub: undefined }],
  ["for another client", { aud: "another" }],
  ["of another issuer", { iss: "https://evil.example" }],
  ["that has expired", { exp: 1 }],
  ["that is old and never expires", { exp: undefined, iat: 1 }],
  ["without a time", { iat: undefined }],
  ["without an id", { jti: undefined }],
  ["of another type", {}, { ...HEADER, typ: "at+jwt" }],
  ["signed with a shared secret", {}, { ...HEADER, alg: "HS256" }],
  ["of an unknown key", {}, { ...HEADER, kid: "another" }],
])("a token %s is refused", async (_, more, header) => {
  await expect(verify(token(more, header))).rejects.toThrow();
});
test("a token with another signature, or a malformed one, is refused", async () => {
  await expect(verify(signed(HEADER, claims(), PAIRS.rsa2.privateKey))).rejects.toThrow();
  const [, payload = "", signature = ""] = token().split(".");
  const unsigned = Buffer.from(JSON.stringify({ ...HEADER, alg: "none" })).toString("base64url");
  for (const text of [
    `${unsigned}.${payload}.`,
    `${unsigned}.${payload}.${signature}`,
    "",
    "a.b.c",
    "x".repeat(10_000),
    `${token()}x`,
  ])
    await expect(verify(text)).rejects.toThrow();
});

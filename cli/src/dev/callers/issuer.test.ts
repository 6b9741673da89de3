// The issuer of `dev`, held to openid-client and jose, which is what servers verify with.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import * as oidc from "openid-client";
import type { SourceOfCallers } from "protoc-gen-bff/compiler";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Way } from "./caller-needs.ts";
import { Issuer } from "./issuer.ts";

const source: SourceOfCallers = {
  name: "user",
  kind: "jwt",
  audience: [],
  algorithms: [],
  from: [],
  claims: { workspaces: ["workspaces-1"], email: "email-1", realm: { roles: ["roles-1"] } },
  rights: [
    { path: ["realm", "roles"], as: "list", values: ["admin", "auditor"] },
    { path: ["scope"], as: "words", values: ["read", "write"] },
  ],
};
const token: Way = { kind: "token", source, audience: "shop", algorithm: "ES256" };
const login: Way = {
  kind: "login",
  source: { ...source, name: "browser", kind: "session" },
  clientId: "shop",
  clientSecret: "s3cret",
  redirectUri: "http://127.0.0.1:4321/auth/callback",
};

let folder: string;
let issuer: Issuer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "protobff-issuer-test-"));
  issuer = await Issuer.start(folder);
  await issuer.serve("shop.v1", { ways: [token, login], apiKeys: new Map() });
});
afterEach(async () => {
  await issuer.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(issuer.url + path, { headers, redirect: "manual" });
  return { status: response.status, text: (await response.text()).trim(), location: response.headers.get("location") };
};
const verified = async (text: string) =>
  (await jwtVerify(text, createRemoteJWKSet(new URL(`${issuer.url}/keys`)), { issuer: issuer.url, audience: "shop" }))
    .payload;

describe("tokens", () => {
  test("jose verifies the tokens; the first principal satisfies all permits, and the guest none", async () => {
    const claims = { workspaces: ["workspaces-1"], email: "email-1" };
    const dev = await verified((await get("/token")).text);
    expect(dev).toMatchObject({ ...claims, sub: "dev", realm: { roles: ["admin", "auditor"] }, scope: "read write" });
    expect((dev.exp ?? 0) - (dev.iat ?? 0)).toBe(3_600);
    const guest = await verified((await get("/token?for=shop.v1&source=user&as=guest")).text);
    expect(guest).toMatchObject({ ...claims, sub: "guest", realm: { roles: [] }, scope: "" });
  });
  test.each(["RS256", "PS384", "ES512", "EdDSA"])(
    "tokens are signed with %s if a source requires it",
    async (algorithm) => {
      await issuer.serve("other.v1", { ways: [{ ...token, algorithm }], apiKeys: new Map() });
      const { text } = await get("/token?for=other.v1");
      expect((await verified(text)).sub).toBe("dev");
    },
  );
  test("a query sets the claims of a token", async () => {
    const query = new URLSearchParams([
      ...[
        ["sub", "42"],
        ["scope", "read"],
        ["aud", "else"],
        ["expires_in", "-60"],
        ["workspaces", "atlas"],
      ],
      ...[
        ["groups", "a"],
        ["groups", "b"],
        ["verified", "true"],
        ["realm", '{"roles":["x"]}'],
      ],
    ] as [string, string][]);
    const payload = decodeJwt((await get(`/token?${query}`)).text);
    expect(payload).toMatchObject({
      sub: "42",
      scope: "read",
      aud: "else",
      workspaces: ["atlas"],
      groups: ["a", "b"],
      verified: true,
      realm: { roles: ["x"] },
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(-60);
  });
  test.each([
    ["/token?for=nobody.v1", 404, "there is for=shop.v1&source=user"],
    ["/token?as=nobody", 404, "as= is one of dev, guest"],
    ["/token?expires_in=soon", 400, /^expires_in is a whole number of seconds/],
    ["/token?expires_in=99999999", 400, /^expires_in is a whole number of seconds/],
    ["/credentials?for=nobody.v1", 404, /for= is one of shop\.v1$/],
    ["/elsewhere", 404, /\/ lists its paths$/],
  ])("%s is answered with %d", async (path, status, text) => {
    expect(await get(path)).toMatchObject({ status, text: expect.stringMatching(text) });
  });
});

describe("principals.json", () => {
  const write = (text: string) => writeFileSync(join(folder, "principals.json"), text);
  test("the file defines the principals, and is read at each request", async () => {
    write('{"ada": {"sub": "u-ada", "workspaces": ["atlas"]}, "ben": {}}');
    expect(decodeJwt((await get("/token")).text)).toMatchObject({ sub: "u-ada", workspaces: ["atlas"] });
    const { text } = await get("/token?as=ben");
    expect(Object.keys(decodeJwt(text)).sort()).toEqual(["aud", "exp", "iat", "iss", "sub"]);
    const credentials = JSON.parse((await get("/credentials?for=shop.v1")).text) as { as: string; header: string }[];
    expect(credentials.map(({ as, header }) => `${as} ${header}`)).toEqual(["ada authorization", "ben authorization"]);
    expect(issuer.fault).toBeUndefined();
  });
  test.each([
    ["{", /^principals\.json:1:2: broken JSON: it ends too early; write \{"ada"/],
    ['{"ada": {}, "ada": {}}', /^principals\.json:1:13: a name is given twice in one object; write \{"ada"/],
    ["[]", /^principals\.json is no JSON object; write/],
    ['{"ada": 1}', /^principals\.json: "ada" is no JSON object; write/],
    ['{"ada": {"sub": 1}}', /^principals\.json: "sub" of "ada" is no text; write "sub": "u-ada"$/],
    [JSON.stringify(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`p${i}`, {}]))), /has 101 principals/],
    [`{"ada": {"sub": "${"a".repeat(300_000)}"}}`, /^principals\.json has more than 256 KiB$/],
  ])("the file %.30s is refused", async (text, pattern) => {
    write(text);
    expect(await get("/token")).toMatchObject({ status: 400, text: expect.stringMatching(pattern) });
    expect(issuer.fault).toMatch(pattern);
  });
});

describe("logins", () => {
  const configured = () =>
    oidc.discovery(new URL(issuer.url), "shop", undefined, oidc.ClientSecretBasic("s3cret"), {
      execute: [oidc.allowInsecureRequests],
    });
  async function begun(verifier: string, more: Record<string, string> = {}) {
    const config = await configured();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: login.kind === "login" ? login.redirectUri : "",
      scope: "openid",
      state: "st",
      nonce: "no",
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...more,
    });
    return { config, path: url.pathname + url.search };
  }

  test("openid-client logs a user in and refreshes the tokens", async () => {
    const verifier = oidc.randomPKCECodeVerifier();
    const { config, path } = await begun(verifier);
    const page = await get(path);
    expect(page.text.match(/>(\w+)<\/a>/g)).toEqual([">dev</a>", ">guest</a>"]);
    const chosen = /href="([^"]*as=guest)"/.exec(page.text)?.[1]?.replaceAll("&#38;", "&") ?? "";
    const { status, location } = await get(chosen, { "sec-fetch-site": "same-site" });
    expect(status).toBe(302);
    const back = new URL(location ?? "");
    const checks = { pkceCodeVerifier: verifier, expectedState: "st", expectedNonce: "no" };
    const first = await oidc.authorizationCodeGrant(config, back, checks);
    expect(first.claims()).toMatchObject({ sub: "guest", realm: { roles: [] } });
    expect((await verified(first.access_token)).sub).toBe("guest");
    const again = await oidc.refreshTokenGrant(config, first.refresh_token ?? "");
    expect(again.claims()?.sub).toBe("guest");
    await expect(oidc.refreshTokenGrant(config, first.refresh_token ?? "")).rejects.toMatchObject({
      error: "invalid_grant",
    });
    await expect(oidc.authorizationCodeGrant(config, back, checks)).rejects.toMatchObject({ error: "invalid_grant" });
    const out = oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: "http://127.0.0.1:4321/bye" });
    expect((await get(out.pathname + out.search)).location).toBe("http://127.0.0.1:4321/bye");
  });
  test.each([
    ["another verifier", { code_verifier: "x".repeat(43) }, "invalid_grant"],
    ["another way back", { redirect_uri: "http://127.0.0.1:4321/else" }, "invalid_grant"],
    ["another client", { client_id: "other" }, "invalid_client"],
    ["another secret", { client_secret: "guessed" }, "invalid_client"],
    ["another grant", { grant_type: "password" }, "unsupported_grant_type"],
  ])("a code is refused with %s", async (_, wrong, error) => {
    const verifier = oidc.randomPKCECodeVerifier();
    const { path } = await begun(verifier);
    const { location } = await get(`${path}&as=dev`);
    const form = {
      grant_type: "authorization_code",
      code: new URL(location ?? "").searchParams.get("code") ?? "",
      redirect_uri: "http://127.0.0.1:4321/auth/callback",
      code_verifier: verifier,
      client_id: "shop",
      client_secret: "s3cret",
      ...wrong,
    };
    const response = await fetch(`${issuer.url}/token`, { method: "POST", body: new URLSearchParams(form) });
    expect(await response.json()).toEqual({ error });
    expect(response.status).toBe(error === "invalid_client" ? 401 : 400);
  });
  test.each([
    [{ redirect_uri: "https://evil.example/" }, /no server of this dev has the client shop/],
    [{ client_id: "other" }, /no server of this dev has the client other/],
    [{ response_type: "token" }, /^response_type has to be code$/],
    [{ code_challenge_method: "plain" }, /code_challenge with the method S256$/],
  ])("a login with %j does not redirect", async (wrong: Record<string, string>, pattern) => {
    const { path } = await begun(oidc.randomPKCECodeVerifier());
    const url = new URL(path, issuer.url);
    for (const [name, value] of Object.entries(wrong)) url.searchParams.set(name, value);
    const answer = await get(`${url.pathname}${url.search}&as=dev`);
    expect(answer).toMatchObject({ status: 400, location: null, text: expect.stringMatching(pattern) });
  });
  test("a logout does not redirect to a foreign page", async () => {
    expect(await get("/logout?post_logout_redirect_uri=https://evil.example/")).toMatchObject({
      status: 200,
      location: null,
    });
  });
});

describe("local access only", () => {
  test("foreign host names that resolve to this machine are refused", async () => {
    const { port } = new URL(issuer.url);
    const status = await new Promise((resolve, reject) => {
      const options = { port, path: "/token", headers: { host: `evil.example:${port}` } };
      requestHttp(options, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(421);
  });
  test.each([
    { origin: "https://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("pages of another origin are refused: %j", async (headers) => {
    for (const path of ["/token", "/credentials?for=shop.v1", "/"]) expect((await get(path, headers)).status).toBe(403);
  });
  test("the size of a form is limited", async () => {
    const body = `grant_type=${"a".repeat(20_000)}`;
    const response = await fetch(`${issuer.url}/token`, { method: "POST", body });
    expect(await response.text()).toBe("a form may have 16384 bytes\n");
  });
  test("no part of a name becomes markup", async () => {
    writeFileSync(join(folder, "principals.json"), JSON.stringify({ "<b>&\"'": { a: "<script>" } }));
    const query = new URLSearchParams({
      client_id: "shop",
      redirect_uri: "http://127.0.0.1:4321/auth/callback",
      response_type: "code",
      code_challenge: "c",
      code_challenge_method: "S256",
      state: '"><script>',
    });
    const { text } = await get(`/authorize?${query}`);
    expect(text).not.toMatch(/<b>|<script>/);
    expect(text).toContain("&#60;b&#62;");
  });
});

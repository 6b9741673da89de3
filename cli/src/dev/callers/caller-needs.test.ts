import { createPrivateKey } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import type { CallersReport, SourceOfCallers, SourceSetting } from "protoc-gen-bff/compiler";
import { afterEach, expect, test } from "vitest";
import { callerNeeds } from "./caller-needs.ts";
import { Secrets } from "./secrets.ts";

const env = (name: string, more: object = {}): SourceSetting => ({ kind: "env", name, alternates: [], ...more });
const of = (kind: SourceOfCallers["kind"], more: Partial<SourceOfCallers> = {}): SourceOfCallers => ({
  name: "user",
  kind,
  audience: [{ kind: "text", text: "shop" }],
  algorithms: [],
  from: [],
  claims: {},
  rights: [],
  ...more,
});
const secrets = new Secrets();
afterEach(() => secrets.forget());
function around(sources: readonly SourceOfCallers[], set: Record<string, string> = {}, signs = false) {
  const report: CallersReport = { server: "a/v1/server.ts", signs, sources };
  const options = { env: set, issuer: "http://127.0.0.1:9", serverUrl: "http://127.0.0.1:8080", secrets };
  const { env, ways, notes } = callerNeeds(report, options);
  return { env, notes, ways: ways.map(({ kind }) => kind) };
}
const ISSUER = { issuer: env("OIDC_ISSUER") };
/** The server's own URL, which tools name to callers without a token. */
const PUBLIC = { BFF_PUBLIC_URL: "http://127.0.0.1:8080" };

test("a JWT source gets variables for issuer, audience and keys", () => {
  expect(around([of("jwt", ISSUER)])).toEqual({
    env: { ...PUBLIC, OIDC_ISSUER: "http://127.0.0.1:9" },
    ways: ["token"],
    notes: [],
  });
  const more = { ...ISSUER, audience: [env("AUD")], keys: env("JWKS") };
  expect(around([of("jwt", more)]).env).toEqual({
    ...PUBLIC,
    OIDC_ISSUER: "http://127.0.0.1:9",
    AUD: "dev",
    JWKS: "http://127.0.0.1:9/keys",
  });
});
test("set variables and defaults are kept", () => {
  const none = { env: PUBLIC, ways: [], notes: [] };
  expect(around([of("jwt", ISSUER)], { OIDC_ISSUER: "https://login.example" })).toEqual(none);
  expect(around([of("jwt", { issuer: env("OIDC_ISSUER", { default: "https://login.example" }) })])).toEqual(none);
  expect(around([of("jwt", { issuer: env("A", { alternates: ["B"] }) })], { B: "https://login.example" })).toEqual(
    none,
  );
  expect(around([of("jwt", { ...ISSUER, audience: [env("AUD")] })], { AUD: "mine" }).env).toEqual({
    ...PUBLIC,
    OIDC_ISSUER: "http://127.0.0.1:9",
  });
  expect(around([of("jwt", ISSUER)], { OIDC_ISSUER: "" }).ways).toEqual(["token"]);
});
test.each<[SourceSetting, string]>([
  [{ kind: "text", text: "https://login.example" }, '"https://login.example"'],
  [{ kind: "mixed", text: "https://{env.TENANT}.example" }, '"https://{env.TENANT}.example"'],
])("an issuer that is not a single variable is reported: %j", (issuer, shown) => {
  expect(around([of("jwt", { issuer })])).toEqual({
    env: PUBLIC,
    ways: [],
    notes: [`user: its issuer is ${shown}, which dev cannot replace: write issuer: "{env.OIDC_ISSUER}"`],
  });
});
test("a session source gets the variables of a login", () => {
  const found = around([of("session", { ...ISSUER, name: "web-user" })]);
  expect(found).toEqual({
    env: {
      BFF_PUBLIC_URL: "http://127.0.0.1:8080",
      OIDC_ISSUER: "http://127.0.0.1:9",
      BFF_SESSION_KEYS: secrets.sessionKey,
      BFF_WEB_USER_CLIENT_SECRET: secrets.clientSecret,
    },
    ways: ["login"],
    notes: [],
  });
  expect(Buffer.from(secrets.sessionKey, "base64")).toHaveLength(32);
  const elsewhere = around([of("session", ISSUER)], { OIDC_ISSUER: "https://login.example" });
  expect(elsewhere.notes).toEqual(["user: set BFF_USER_CLIENT_SECRET to the value from its provider"]);
  expect(Object.keys(elsewhere.env)).toEqual(["BFF_PUBLIC_URL", "BFF_SESSION_KEYS"]);
});
test("the signing key is in a file for this user only, and is deleted at the end", () => {
  const { BFF_IDENTITY_KEY_FILES: path = "", BFF_IDENTITY_ISSUER } = around([], {}, true).env;
  expect(BFF_IDENTITY_ISSUER).toBe("http://127.0.0.1:8080");
  expect(createPrivateKey(readFileSync(path)).asymmetricKeyType).toBe("ed25519");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  secrets.forget();
  expect(existsSync(path)).toBe(false);
  expect(around([], { BFF_IDENTITY_ISSUER: "a", BFF_IDENTITY_KEY_FILES: "b" }, true).env).toEqual({});
});
test("API keys get a store unless one is configured", () => {
  expect(around([of("api_key")])).toMatchObject({ env: { BFF_STORE_FILE: expect.any(String) }, ways: ["key"] });
  const note = "user: keys are in the configured store; create one with npx bff-key create";
  for (const name of ["DATABASE_URL", "BFF_STORE_FILE"])
    expect(around([of("api_key")], { [name]: "x" })).toEqual({ env: {}, ways: [], notes: [note] });
});
test("this machine is the gateway of a trusted source", () => {
  const header = of("trusted", { header: "x-jwt" });
  expect(around([header])).toEqual({ env: { BFF_TRUSTED_PROXIES: "127.0.0.1,::1" }, ways: ["header"], notes: [] });
  expect(around([of("trusted", { header: "x-jwt-bin" })]).notes[0]).toMatch(
    /the bytes of a message, which dev does not/,
  );
});
test("sources with certificates or an outer BFF are reported", () => {
  const certificate = /^user: set TLS_CERT_FILE, TLS_KEY_FILE and TLS_CLIENT_CA_FILE; it needs/;
  expect(around([of("peer")]).notes).toEqual([expect.stringMatching(certificate)]);
  expect(around([of("trusted", { header: "x", from: ["spiffe://a/b"] })])).toMatchObject({ env: {}, ways: [] });
  expect(around([of("peer")], { TLS_CLIENT_CA_FILE: "ca.pem" }).notes).toEqual([]);
  const front = of("assertion", { issuer: env("FRONT"), keys: env("FRONT_KEYS") });
  expect(around([front], { FRONT: "https://front.example" }).notes).toEqual([
    "user: set FRONT_KEYS; the BFF in front signs the caller, and dev does not replace that BFF",
  ]);
});

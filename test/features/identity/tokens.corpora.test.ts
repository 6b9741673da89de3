// Tokens held against golang-jwt, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JwtRig } from "../../../runtime/src/testing/jwt-rig.ts";
import { AUDIENCE, ISSUER, jwkOf, PAIRS, TestIssuer } from "../../../runtime/src/testing/test-issuer.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { GolangJwt } from "./tokens/golang-jwt.ts";
import { randomTokens, type SigningKey } from "./tokens/random-tokens.ts";

const COUNT = Number(process.env.PROTOBFF_TOKENS ?? 20_000);
const SEED = Number(seedOf("PROTOBFF_TOKENS_SEED"));
const ALGORITHMS = { rsa: ["RS256", "PS256"], rsa2: ["RS256", "PS256"], p256: ["ES256"], ed25519: ["EdDSA"] } as const;
const KEYS: readonly SigningKey[] = (["rsa", "rsa2", "p256", "ed25519"] as const).map((name, i) => ({
  kid: `k${i}`,
  algorithms: ALGORITHMS[name],
  privateKey: PAIRS[name].privateKey,
}));

/** Why we refuse what golang-jwt accepts. */
const STRICTER: Readonly<Record<string, string>> = {
  "the token has critical header parameters": "RFC 7515, 4.1.11: golang-jwt does not look at crit",
  "the token is of another type than JWT and at+jwt": "RFC 8725, 3.11: golang-jwt does not look at typ",
  "the token has times that are none":
    "negative times, beyond the year 9999, and any iat: golang-jwt does not look at iat",
  "the token has a subject that is no text": "RFC 7519, 4.1.2: golang-jwt does not look at sub",
  "the token has an id that is no text": "RFC 7519, 4.1.7: golang-jwt does not look at jti",
};
function whyStricter(ours: string, token: string): string | undefined {
  if (/[\r\n]/.test(token)) return "RFC 7515, 2: Go's base64 steps over line breaks";
  return STRICTER[ours.replace(/^16 /, "")];
}

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("golang-jwt", () => {
  let rig: JwtRig;
  let golang: GolangJwt;
  beforeAll(async () => {
    const issuer = new TestIssuer();
    issuer.keys = KEYS.map(({ kid }, i) => jwkOf(Object.values(PAIRS)[i]!, { kid }));
    rig = await JwtRig.open({ source: { claims: undefined } }, issuer);
    const pem = ({ privateKey }: SigningKey) => privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    golang = new GolangJwt({
      issuer: ISSUER,
      audience: [AUDIENCE],
      methods: ["RS256", "PS256", "ES256", "EdDSA"],
      leeway: 30,
      now: issuer.now,
      keys: Object.fromEntries(KEYS.map((key) => [key.kid, pem(key)])),
    });
  }, 120_000);
  afterAll(() => golang.close());

  test("issues tokens that protobff accepts", async () => {
    const requests = KEYS.flatMap(({ kid, algorithms }) =>
      algorithms.flatMap((method) =>
        [AUDIENCE, ["other", AUDIENCE]].map((aud) => ({
          kid,
          method,
          header: {},
          claims: { ...rig.issuer.claims({ aud, nbf: rig.issuer.now }) },
        })),
      ),
    );
    for (const token of golang.minted(requests)) expect(await rig.outcome(token)).toBe("ok");
  });

  test(`rejects no token that protobff accepts, and other rejections have a reason: ${COUNT} random tokens of seed ${SEED}`, async () => {
    const tokens = fc.sample(randomTokens(ISSUER, AUDIENCE, rig.issuer.now, KEYS), { numRuns: COUNT, seed: SEED });
    const theirs = golang.verify(tokens);
    const counts = new Map<string, number>();
    const faults: string[] = [];
    for (const [i, token] of tokens.entries()) {
      const ours = await rig.outcome(token);
      const verdict = theirs[i] ?? "";
      const stricter = verdict === "ok" && ours !== "ok" ? whyStricter(ours, token) : undefined;
      const agree = (ours === "ok") === (verdict === "ok");
      if (!agree && stricter === undefined) faults.push(`${ours} | ${verdict} | ${token}`);
      const kind = agree ? (ours === "ok" ? "accepted" : "refused") : (stricter ?? "faults");
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    console.log(`seed ${SEED}:`, Object.fromEntries(counts));
    expect(faults.slice(0, 5)).toEqual([]);
    expect(counts.get("accepted")).toBeGreaterThan(COUNT / 5);
    expect(counts.get("refused")).toBeGreaterThan(COUNT / 5);
  }, 300_000);
});

// Holds docs/runtime.md#tokens
import { createHmac, sign as signBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorInfo } from "../../error-info.ts";
import { Failure } from "../../failure.ts";
import type { Claims } from "../../testing/gen/claims_pb.ts";
import { JwtRig } from "../../testing/jwt-rig.ts";
import { ISSUER, jwkOf, PAIRS, signed, signedText, TestIssuer } from "../../testing/test-issuer.ts";
import { namePattern } from "../network/names.ts";
import { ALGORITHMS } from "./algorithms.ts";
import { MAX_TOKEN } from "./presented-token.ts";

const UNAUTHENTICATED = 16;

describe("a token of the issuer", () => {
  test("a token identifies its caller", async () => {
    const rig = await JwtRig.open();
    const claims = { jti: "t1", scope: "read write", uid: 7, "https://acme.example/org": "acme", unknown: [1] };
    const { credential, principal, token } = await rig.verify(rig.issuer.token(claims));
    const { now } = rig.issuer;
    expect(credential).toMatchObject({
      source: "user",
      issuer: ISSUER,
      subject: "ada",
      id: "t1",
      expires: BigInt(now + 300),
    });
    expect(credential.scopes).toEqual(["read", "write"]);
    expect(principal as Claims).toMatchObject({
      sub: "ada",
      org: "acme",
      aud: ["web"],
      uid: 7n,
      exp: BigInt(now + 300),
    });
    expect(token).toBe(rig.issuer.token(claims));
  });

  test.each([
    ["scope", "read write", ["read", "write"]],
    ["scope", "  ", []],
    ["scope", ["read", "write"], ["read", "write"]],
    ["scp", ["read", "write"], ["read", "write"]],
    ["scp", "read", ["read"]],
  ])("a token's claim %s %j gives the scopes %j", async (name, value, scopes) => {
    const rig = await JwtRig.open({ source: { claims: undefined } });
    expect((await rig.verify(rig.issuer.token({ [name]: value }))).credential.scopes).toEqual(scopes);
  });

  test("a token for a resource alone counts there and nowhere else (RFC 8707), however it is remembered", async () => {
    const rig = await JwtRig.open();
    const resource = "https://app.example/mcp";
    const [alone, both] = [rig.issuer.token({ aud: resource }), rig.issuer.token({ aud: ["web", resource] })];
    for (let i = 0; i < 2; i++) {
      expect(await rig.outcome(alone)).toMatch(/^16 the token is for another audience/);
      expect(await rig.outcome(alone, resource)).toBe("ok");
      expect(await rig.outcome(both)).toBe("ok");
      expect(await rig.outcome(both, resource)).toBe("ok");
      expect(await rig.outcome(rig.issuer.token({}), resource)).toBe("ok");
    }
  });

  test.each([
    ["RS256", "rsa"],
    ["PS256", "rsa"],
    ["ES256", "p256"],
    ["EdDSA", "ed25519"],
  ] as const)("a token may be signed by %s", async (alg, pair) => {
    const issuer = new TestIssuer();
    issuer.keys = [jwkOf(PAIRS[pair], { kid: "k" })];
    const rig = await JwtRig.open({}, issuer);
    expect(await rig.outcome(issuer.token({}, { alg, kid: "k" }, PAIRS[pair]))).toBe("ok");
  });

  test.each([undefined, "JWT", "jwt", "at+jwt", "application/at+jwt", "Application/JWT"])(
    "a token may have typ %s",
    async (typ) => {
      const rig = await JwtRig.open();
      expect(await rig.outcome(rig.issuer.token({}, { typ }))).toBe("ok");
    },
  );

  test("a token cannot bring a key: jku, x5u and jwk are ignored", async () => {
    const rig = await JwtRig.open();
    const keyFields = { jku: "https://evil.example/keys", x5u: "https://evil.example/x", jwk: jwkOf(PAIRS.rsa2) };
    expect(await rig.outcome(rig.issuer.token({}, keyFields, PAIRS.rsa2))).toBe(
      "16 the token is not what its issuer has signed",
    );
    expect(await rig.outcome(rig.issuer.token({}, keyFields))).toBe("ok");
    expect(rig.issuer.requests).toEqual([`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/keys`]);
  });

  test("a token is read from a custom header with or without Bearer, and from a cookie", async () => {
    for (const place of [
      { kind: "header", name: "x-token", scheme: undefined },
      { kind: "cookie", name: "token" },
    ] as const) {
      const rig = await JwtRig.open({ source: { place } });
      const token = rig.issuer.token();
      for (const text of [token, `Bearer ${token}`, `bearer  ${token}`]) {
        expect(rig.source.owns(text)).toBe(true);
        expect((await rig.verify(text)).token).toBe(token);
      }
      expect(rig.source.ambient).toBe(place.kind === "cookie");
      expect(rig.verifications).toBe(1);
    }
    const rig = await JwtRig.open();
    expect(await rig.outcome(`Bearer ${rig.issuer.token()}`)).toBe("16 the token is none");
  });

  test("a token belongs to the source of its issuer, whatever its signature", async () => {
    const { source, issuer } = await JwtRig.open();
    expect(source.owns(issuer.token({}, {}, PAIRS.rsa2))).toBe(true);
    expect(source.owns(issuer.token({ iss: `${ISSUER}/` }))).toBe(false);
    expect(source.owns("nothing")).toBe(false);
  });
});

describe("times", () => {
  test.each([
    [{ exp: 0 }, "ok"],
    [{ exp: -29 }, "ok"],
    [{ exp: -30 }, "16 the token has expired"],
    [{ exp: -29.5 }, "ok"],
    [{ exp: 60, nbf: 30 }, "ok"],
    [{ exp: 60, nbf: 31 }, "16 the token does not count yet"],
    [{ exp: 60, nbf: 30.5 }, "16 the token does not count yet"],
    [{ exp: 60, iat: 3600 }, "ok"],
  ])("times of %j seconds from now: %s", async (offsets, outcome) => {
    const rig = await JwtRig.open();
    const claims = Object.entries(offsets).map(([name, offset]) => [name, rig.issuer.now + offset]);
    expect(await rig.outcome(rig.issuer.token(Object.fromEntries(claims)))).toBe(outcome);
  });

  test("a remembered token expires", async () => {
    const rig = await JwtRig.open();
    const token = rig.issuer.token({ exp: rig.issuer.now + 10 });
    expect(await rig.outcome(token)).toBe("ok");
    await rig.issuer.clock.advance(39_000);
    expect(await rig.outcome(token)).toBe("ok");
    expect(rig.verifications).toBe(1);
    await rig.issuer.clock.advance(1_000);
    expect(await rig.outcome(token)).toBe("16 the token has expired");
  });

  test("the options set the leeway", async () => {
    const rig = await JwtRig.open({ rules: { leewayMs: 0 } });
    expect(await rig.outcome(rig.issuer.token({ exp: rig.issuer.now }))).toBe("16 the token has expired");
    expect(await rig.outcome(rig.issuer.token({ exp: rig.issuer.now + 1 }))).toBe("ok");
  });
});

describe("a token refused before verification", () => {
  test.each([
    [{ exp: undefined }, "never expires"],
    [{ exp: "1900000000" }, "has times that are none"],
    [{ exp: 1e300 }, "has times that are none"],
    [{ nbf: "1" }, "has times that are none"],
    [{ iat: -1 }, "has times that are none"],
    [{ iss: undefined }, "is of another issuer"],
    [{ iss: `${ISSUER}/` }, "is of another issuer"],
    [{ iss: ISSUER.toUpperCase() }, "is of another issuer"],
    [{ iss: [ISSUER] }, "is of another issuer"],
    [{ aud: undefined }, "has an audience that is neither a text nor a list of them"],
    [{ aud: "we" }, "is for another audience"],
    [{ aud: [] }, "is for another audience"],
    [{ aud: ["other", "Web"] }, "is for another audience"],
    [{ aud: ["web", 1] }, "has an audience that is neither a text nor a list of them"],
    [{ aud: { web: 1 } }, "has an audience that is neither a text nor a list of them"],
    [{ sub: 5 }, "has a subject that is no text"],
    [{ jti: 5 }, "has an id that is no text"],
  ])("claims %j: the token %s", async (claims, why) => {
    const rig = await JwtRig.open();
    expect(await rig.outcome(rig.issuer.token(claims))).toBe(`16 the token ${why}`);
    expect(rig.verifications).toBe(0);
  });

  test.each([
    [{ alg: "none" }, "is signed by an algorithm that is not allowed"],
    [{ alg: "None" }, "is signed by an algorithm that is not allowed"],
    [{ alg: "HS256" }, "is signed by an algorithm that is not allowed"],
    [{ alg: "RS384" }, "is signed by an algorithm that is not allowed"],
    [{ alg: "rs256" }, "is signed by an algorithm that is not allowed"],
    [{ alg: ["RS256"] }, "is signed by an algorithm that is not allowed"],
    [{ alg: undefined }, "is signed by an algorithm that is not allowed"],
    [{ crit: ["b64"], b64: true }, "has critical header parameters"],
    [{ crit: [] }, "has critical header parameters"],
    [{ kid: 1 }, "has a key id that is no text"],
    [{ typ: "logout+jwt" }, "is of another type than JWT and at+jwt"],
    [{ typ: 1 }, "is of another type than JWT and at+jwt"],
    [{ kid: "two" }, "is signed with an unknown key"],
  ])("header %j: the token %s", async (header, why) => {
    const rig = await JwtRig.open();
    const [, payload, signature] = rig.issuer.token().split(".");
    const text = Buffer.from(JSON.stringify({ alg: "RS256", kid: "one", ...header })).toString("base64url");
    expect(await rig.outcome(`${text}.${payload}.${signature}`)).toBe(`16 the token ${why}`);
    expect(rig.verifications).toBe(0);
  });

  test("an HMAC with the public key as its secret is refused", async () => {
    const rig = await JwtRig.open({ rules: { algorithms: ALGORITHMS } });
    const pem = PAIRS.rsa.publicKey.export({ format: "pem", type: "spki" });
    const [, payload] = rig.issuer.token().split(".");
    const input = `${Buffer.from('{"alg":"HS256","kid":"one"}').toString("base64url")}.${payload}`;
    const token = `${input}.${createHmac("sha256", pem).update(input).digest("base64url")}`;
    expect(await rig.outcome(token)).toBe("16 the token is signed by an algorithm that is not allowed");
  });

  test("a token of more than 8 KiB is refused", async () => {
    const rig = await JwtRig.open();
    const sized = (length: number): string => {
      const bare = rig.issuer.token({ pad: "" }).length;
      let token = "";
      for (let pad = Math.floor(((length - bare) * 3) / 4) - 3; token.length < length; pad++)
        token = rig.issuer.token({ pad: "x".repeat(pad) });
      return token;
    };
    const [fits, over] = [sized(MAX_TOKEN), sized(MAX_TOKEN + 1)];
    expect([fits.length, over.length > MAX_TOKEN]).toEqual([MAX_TOKEN, true]);
    expect(await rig.outcome(fits)).toBe("ok");
    expect(await rig.outcome(over)).toBe("16 the token is too long");
    expect(rig.source.owns(over)).toBe(false);
  });

  test("a malformed token is refused", async () => {
    const rig = await JwtRig.open();
    const token = rig.issuer.token();
    const [header, payload, signature] = token.split(".");
    const wrong = [
      "",
      ".",
      "..",
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${token}.x`,
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
    ];
    for (const candidate of [
      ...wrong,
      `${header}.bnVsbA.${signature}`,
      `${header}.W10.${signature}`,
      `W10.${payload}.${signature}`,
    ]) {
      expect(await rig.outcome(candidate), candidate).toBe("16 the token is none");
    }
  });

  test("a token with another spelling is refused: unused base64 bits are zero", async () => {
    const rig = await JwtRig.open();
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const parts = rig.issuer.token({ sub: "" }).split(".");
    const spelt = parts.flatMap((part, at) => {
      const last = digits.indexOf(part.at(-1) ?? "");
      const other = parts.with(at, `${part.slice(0, -1)}${digits[last + 1]}`).join(".");
      return part.length % 4 === 0 ? [] : [other];
    });
    expect(spelt.length).toBeGreaterThan(0);
    for (const token of spelt) expect(await rig.outcome(token)).toBe("16 the token is none");
  });

  test("a subject that does not match the pattern is refused", async () => {
    const rig = await JwtRig.open({ rules: { subject: namePattern("spiffe://acme.example/ns/*/sa/web") } });
    expect(await rig.outcome(rig.issuer.token({ sub: "spiffe://acme.example/ns/shop/sa/web" }))).toBe("ok");
    for (const sub of [
      "spiffe://acme.example/ns/shop/sa/web-",
      "spiffe://acme.example/ns/a/b/sa/web-1",
      undefined,
      "x",
    ]) {
      expect(await rig.outcome(rig.issuer.token({ sub }))).toBe("16 the token has a subject that does not match");
    }
  });
});

describe("a token refused after verification", () => {
  test("a token by another key under the same id, or changed, or of another algorithm than its key's, is refused", async () => {
    const rig = await JwtRig.open();
    const [header, , signature] = rig.issuer.token().split(".");
    const other = Buffer.from(JSON.stringify(rig.issuer.claims({ sub: "eve" }))).toString("base64url");
    const why = "16 the token is not what its issuer has signed";
    expect(await rig.outcome(rig.issuer.token({}, {}, PAIRS.rsa2))).toBe(why);
    expect(await rig.outcome(`${header}.${other}.${signature}`)).toBe(why);
    expect(await rig.outcome(rig.issuer.token({}, { alg: "PS256" }))).toBe(
      "16 the token is signed with an unknown key",
    );
    expect(await rig.outcome(rig.issuer.token({}, { alg: "ES256" }, PAIRS.p256))).toBe(
      "16 the token is signed with an unknown key",
    );
  });

  test.each([
    [{ org: 1, "https://acme.example/org": 1 }],
    [{ scope: 5 }],
    [{ scope: ["a", 1] }],
    [{ uid: "seven" }],
    [{ uid: 1.5 }],
    [{ admin: "true" }],
    [{ groups: [-1] }],
    [{ nested: [] }],
  ])("a token with claims of other types is refused: %j", async (claims) => {
    const rig = await JwtRig.open();
    const outcome = await rig.outcome(rig.issuer.token(claims));
    expect(outcome).toBe("16 the token's claims are not of the declared types");
  });

  test("a payload that is not UTF-8 is refused", async () => {
    const rig = await JwtRig.open();
    const [head] = rig.issuer.token().split(".");
    const bytes = Buffer.concat([
      Buffer.from(JSON.stringify(rig.issuer.claims()).replace(/}$/, ',"x":"')),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    const input = `${head}.${bytes.toString("base64url")}`;
    const signature = signBytes("sha256", Buffer.from(input), PAIRS.rsa.privateKey).toString("base64url");
    expect(await rig.outcome(`${input}.${signature}`)).toBe("16 the token is not what its issuer has signed");
  });

  test("claims that form no principal are refused, whatever the exception", async () => {
    const accept = () => {
      throw new RangeError("an expression's error");
    };
    const rig = await JwtRig.open({ source: { accept } });
    expect(await rig.outcome(rig.issuer.token())).toBe("16 the token's claims are not of the declared types");
  });

  test("the client receives the same message for every refusal", async () => {
    const rig = await JwtRig.open();
    for (const token of ["x", rig.issuer.token({ exp: 1 }), rig.issuer.token({}, {}, PAIRS.rsa2)]) {
      const failure = await rig.verify(token).catch((thrown: unknown) => thrown);
      const details = [errorInfo("CREDENTIAL_REFUSED")];
      expect(failure).toMatchObject({ clientCode: UNAUTHENTICATED, clientMessage: "unauthenticated", details });
    }
  });
});

describe("verification of a token", () => {
  test("a token is verified once while it is remembered or being verified", async () => {
    const rig = await JwtRig.open();
    const token = rig.issuer.token();
    const callers = await Promise.all(Array.from({ length: 100 }, () => rig.verify(token)));
    expect(new Set(callers).size).toBe(1);
    expect(rig.verifications).toBe(1);
    expect(rig.source.verify(token)).toBe(callers[0]);
  });

  test("refusals are not remembered", async () => {
    const rig = await JwtRig.open();
    const token = rig.issuer.token({}, {}, PAIRS.rsa2);
    await Promise.all([rig.outcome(token), rig.outcome(token)]);
    expect(rig.verifications).toBe(1);
    await rig.outcome(token);
    expect(rig.verifications).toBe(2);
  });
});

test("every input results in a caller or a refusal", async () => {
  const rig = await JwtRig.open();
  const valid = rig.issuer.token({ scope: "read" });
  const json = fc.json();
  const part = fc.oneof(
    fc.string(),
    fc.base64String(),
    json.map((text) => Buffer.from(text).toString("base64url")),
  );
  const damaged = fc
    .tuple(fc.nat(valid.length - 1), fc.string({ maxLength: 3 }))
    .map(([at, text]) => valid.slice(0, at) + text + valid.slice(at + 1));
  const assembled = fc.tuple(part, part, part).map((parts) => parts.join("."));
  const claims = fc.dictionary(
    fc.constantFrom("exp", "aud", "scope", "uid", "nested", "extra", "sub", "by_name", "__proto__"),
    fc.jsonValue(),
  );
  const wellSigned = claims.map((more) =>
    signed({ alg: "RS256", kid: "one" }, rig.issuer.claims(more), PAIRS.rsa.privateKey),
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), damaged, assembled, wellSigned), async (token) => {
      const thrown = await rig.verify(token).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (thrown !== undefined) expect(thrown).toBeInstanceOf(Failure);
    }),
    { numRuns: 1000 },
  );
});

test("deeply nested payloads are refused, without a stack overflow", async () => {
  const rig = await JwtRig.open();
  const payload = (depth: number, open: string, close: string): string =>
    JSON.stringify(rig.issuer.claims()).replace(/}$/, `,"extra":${open.repeat(depth)}{}${close.repeat(depth)}}`);
  const token = (...all: Parameters<typeof payload>): string =>
    signedText({ alg: "RS256", kid: "one" }, payload(...all), PAIRS.rsa.privateKey);
  expect(await rig.outcome(token(30, '{"a":', "}"))).toBe("ok");
  for (const depth of [31, 700]) {
    expect(await rig.outcome(token(depth, '{"a":', "}"))).toBe("16 the token's claims are not of the declared types");
  }
  expect(await rig.outcome(token(2500, "[", "]"))).toBe("16 the token's claims are not of the declared types");
});

import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema, SignedPrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type ConfigFault, EnvReader } from "../../environment/env-reader.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { Caller } from "../caller.ts";
import { incomingOf } from "../incoming-request.ts";
import { callerOf } from "../principal.ts";
import { checkAssertion, keyIdOf, readSigned } from "./assertion.ts";
import { openPropagation, type Propagation, readSigning } from "./propagation.ts";

const folder = mkdtempSync(join(tmpdir(), "bff-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function written(
  name: string,
  pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }),
) {
  const path = join(folder, name);
  writeFileSync(path, pem);
  return { path, key: createPublicKey(createPrivateKey(pem)) };
}
const faultsOf = (environment: Readonly<Record<string, string>>) => {
  const faults: ConfigFault[] = [];
  const signing = readSigning(new EnvReader(environment, faults));
  return { faults: faults.map(({ variable, problem }) => `${variable} ${problem}`), signing };
};

const ISSUER = "https://app.example";
const BILLING = "billing.v1.BillingService";
let clock: FakeClock;
let first: ReturnType<typeof written>;
let propagation: Propagation;
const faults: string[] = [];
const audited: string[] = [];
function opened(...paths: string[]): Propagation {
  const { signing } = faultsOf({ BFF_IDENTITY_ISSUER: ISSUER, BFF_IDENTITY_KEY_FILES: paths.join(",") });
  return openPropagation(PrincipalSchema, signing, {
    clock,
    audit: ({ event }) => audited.push(event),
    fault: (what) => faults.push(what),
  });
}
beforeEach(() => {
  clock = new FakeClock();
  first = written("first.pem");
  propagation = opened(first.path);
  faults.length = 0;
  audited.length = 0;
});
const caller = (subject = "ada", expires = 0n): Caller =>
  callerOf({
    type: PrincipalSchema,
    credential: create(CredentialSchema, { source: "user", issuer: "https://login.example", subject, expires }),
    principal: undefined,
    token: `token of ${subject}`,
  });
const now = () => Math.floor(clock.date().getTime() / 1_000);
const signedFor = (from: Caller, audience = BILLING) =>
  propagation.propagator.header(from, "signed", audience)?.value ?? "";
function verify(header: string, { key = first.key, issuer = ISSUER, audience = BILLING } = {}) {
  const signed = readSigned(header);
  return signed === undefined ? "is none" : checkAssertion(signed, key, { issuer, audience: [audience], now: now() });
}

describe("a signed principal", () => {
  test("a signed principal identifies the caller to one service, for a minute", () => {
    const assertion = verify(signedFor(caller()));
    expect(assertion).toMatchObject({ issuer: ISSUER, audience: BILLING, source: "user", type: "bff.v1.Principal" });
    if (typeof assertion === "string") throw new Error(assertion);
    expect(assertion.expires - assertion.issued).toBe(60n);
    expect(fromBinary(PrincipalSchema, assertion.principal)).toMatchObject({ subject: "ada" });
  });
  test("a signed principal ends with its credential", () => {
    const assertion = verify(signedFor(caller("ada", BigInt(now() + 20))));
    expect(assertion).toMatchObject({ expires: BigInt(now() + 20) });
  });
  test("a signed principal is refused by other services, issuers and keys", () => {
    const header = signedFor(caller());
    expect(verify(header, { audience: "user.v1.UserService" })).toBe("is for another audience");
    expect(verify(header, { issuer: "https://evil.example" })).toBe("is of another issuer");
    expect(verify(header, { key: written("other.pem").key })).toBe("is not what its issuer has signed");
  });
  test("a signed principal is refused before and after its time", async () => {
    const header = signedFor(caller());
    await clock.advance(64_000);
    expect(verify(header)).toMatchObject({ issuer: ISSUER });
    await clock.advance(1_000);
    expect(verify(header)).toBe("has expired");
  });
  test("a signature over another text of the same key, or over the bare bytes, is refused", () => {
    const signed = readSigned(signedFor(caller()));
    if (signed === undefined) throw new Error();
    const other = create(SignedPrincipalSchema, { ...signed, assertion: signed.assertion.slice(1) });
    expect(checkAssertion(other, first.key, { issuer: ISSUER, audience: [BILLING], now: now() })).toContain(
      "has signed",
    );
  });
  test("a signed principal is reused for half of its lifetime, for one caller only", async () => {
    const ada = caller();
    const header = signedFor(ada);
    await clock.advance(29_000);
    expect(signedFor(ada)).toBe(header);
    await clock.advance(2_000);
    expect(signedFor(ada)).not.toBe(header);
    expect(signedFor(caller("eve"))).not.toBe(header);
    expect(propagation.propagator.header(ada, "signed", BILLING)?.key).toBe(ada.key);
    expect(caller("eve").key).not.toBe(ada.key);
  });
  test("a damaged header has the same content or is refused, without an exception", () => {
    const header = signedFor(caller());
    const whole = verify(header);
    const bytes = Buffer.from(header, "base64");
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        const signed = readSigned(damaged.toString("base64"));
        // Which key it names is no part of what is signed: whoever looks for another one finds none, or one that has not signed.
        if (signed !== undefined && signed.keyId !== keyIdOf(first.key)) return;
        const found = verify(damaged.toString("base64"));
        // The outer message may be written in more than one way.
        if (typeof found !== "string") expect(found).toEqual(whole);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => typeof verify(text) === "string"));
    expect(verify("A".repeat(20_000))).toBe("is none");
  });
});

describe("other propagation modes", () => {
  test("propagation sends the principal's bytes alone, or the caller's token", () => {
    const ada = caller();
    const plain = propagation.propagator.header(ada, "plain", BILLING);
    expect(plain).toMatchObject({ name: "x-principal-bin", key: ada.key });
    expect(fromBinary(PrincipalSchema, Buffer.from(plain?.value ?? "", "base64"))).toMatchObject({ subject: "ada" });
    const token = propagation.propagator.header(ada, "token", BILLING);
    expect(token).toMatchObject({ name: "authorization", value: "Bearer token of ada" });
    expect(token?.key).not.toContain("token");
  });
  test("propagation without a key or a token sends nothing", () => {
    const silent = openPropagation(PrincipalSchema, undefined, { clock, audit: () => {}, fault: () => {} });
    expect(silent.propagator.header(caller(), "signed", BILLING)).toBeUndefined();
    expect(silent.propagator.header({ ...caller(), token: undefined }, "token", BILLING)).toBeUndefined();
    expect(silent.routes.size).toBe(0);
  });
});

describe("keys", () => {
  const published = async () => {
    const route = propagation.routes.get("/.well-known/bff-keys");
    const answer = await route?.({
      method: "GET",
      query: new URLSearchParams(),
      headers: incomingOf(new Headers()),
      signal: new AbortController().signal,
      body: async () => new Uint8Array(),
    });
    return JSON.parse(String(answer?.body));
  };
  test("all keys are published without their private part, including those that do not sign", async () => {
    const second = written("second.pem");
    propagation = opened(first.path, second.path);
    const { issuer, keys } = await published();
    expect(issuer).toBe(ISSUER);
    expect(keys.map(({ kid }: { kid: string }) => kid)).toEqual([keyIdOf(first.key), keyIdOf(second.key)]);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
    expect(createPublicKey({ key: keys[0], format: "jwk" }).equals(first.key)).toBe(true);
    expect(verify(signedFor(caller()))).toMatchObject({ issuer: ISSUER });
  });
  test("a key that changes in its file signs from then on", async () => {
    const ada = caller();
    const header = signedFor(ada);
    const next = written("first.pem");
    await clock.advance(10_000);
    expect(signedFor(ada)).not.toBe(header);
    expect(verify(signedFor(ada), { key: next.key })).toMatchObject({ issuer: ISSUER });
    expect(audited).toEqual(["keys-changed"]);
  });
  test("an unreadable key file keeps its previous key", async () => {
    writeFileSync(first.path, "no key");
    await clock.advance(20_000);
    expect(verify(signedFor(caller()))).toMatchObject({ issuer: ISSUER });
    expect(faults.length).toBe(2);
  });
  test("keys that are missing or of another kind are faults at the start", () => {
    expect(faultsOf({}).faults).toEqual(["BFF_IDENTITY_ISSUER is not set", "BFF_IDENTITY_KEY_FILES is not set"]);
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
    const at = (path: string) => faultsOf({ BFF_IDENTITY_ISSUER: ISSUER, BFF_IDENTITY_KEY_FILES: path }).faults[0];
    expect(at(written("rsa.pem", rsa).path)).toContain("of another kind than Ed25519");
    expect(at(join(folder, "nowhere.pem"))).toContain("cannot be read as a private key");
  });
});

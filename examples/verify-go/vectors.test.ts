// What principal_test.go reads is what the runtime makes: fixed keys, fixed times, and Ed25519 signs the same bytes in one way.
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  PrincipalAssertionSchema,
  PrincipalSchema,
  SignedPrincipalSchema,
} from "@protobff/messages/bff/v1/identity_pb.js";
import { expect, test } from "vitest";
import {
  checkAssertion,
  keyIdOf,
  readSigned,
  signedHeader,
  unpadded,
} from "../../runtime/src/identity/propagation/assertion.ts";

const path = fileURLToPath(new URL("testdata/vectors.json", import.meta.url));
const ISSUER = "https://app.example";
const AUDIENCE = "billing.v1.BillingService";
const NOW = 1_800_000_000;

/** The key of a seed (RFC 8410, section 7). */
function keyOf(byte: number): KeyObject {
  const head = Buffer.from("302e020100300506032b657004220420", "hex");
  return createPrivateKey({ key: Buffer.concat([head, Buffer.alloc(32, byte)]), format: "der", type: "pkcs8" });
}
const named = (key: KeyObject) => ({ id: keyIdOf(createPublicKey(key)), key });
const [first, second] = [named(keyOf(1)), named(keyOf(2))];
const jwks = ({ id, key }: typeof first) => {
  const { crv, x } = createPublicKey(key).export({ format: "jwk" });
  return { issuer: ISSUER, keys: [{ kty: "OKP", crv, x, kid: id, use: "sig", alg: "EdDSA" }] };
};
const principal = toBinary(
  PrincipalSchema,
  create(PrincipalSchema, { source: "user", issuer: "https://login.example", subject: "ada", tenant: "acme" }),
);
function made(more: object = {}, by = first): string {
  const assertion = create(PrincipalAssertionSchema, {
    issuer: ISSUER,
    audience: AUDIENCE,
    source: "user",
    type: "bff.v1.Principal",
    principal,
    issued: BigInt(NOW),
    expires: BigInt(NOW + 60),
    ...more,
  });
  return signedHeader(assertion, by);
}
const bytes = (header: string) => readSigned(header) ?? create(SignedPrincipalSchema);
function changed(change: { assertion?: Uint8Array; signature?: Uint8Array; keyId?: string }): string {
  const signed = bytes(made());
  return unpadded(toBinary(SignedPrincipalSchema, create(SignedPrincipalSchema, { ...signed, ...change })));
}
const padded = (header: string) => Buffer.from(header, "base64").toString("base64");
const url = (header: string) => Buffer.from(header, "base64").toString("base64url");

const refused: readonly (readonly [name: string, header: string, error: string, more?: object])[] = [
  ["for another service", made({ audience: "user.v1.UserService" }), "for another audience"],
  ["of another issuer", made({ issuer: "https://evil.example" }), "of another issuer"],
  ["expired", made(), "expired", { now: NOW + 65 }],
  ["before its time", made(), "does not count yet", { now: NOW - 6 }],
  ["of another type", made({ type: "web.v1.Principal" }), 'holds "web.v1.Principal"'],
  ["of a key that is not published", made({}, second), "signed with an unknown key"],
  ["of a key that was withdrawn", made(), "signed with an unknown key", { keys: "second" }],
  [
    "of another key under a known name",
    changed({ signature: bytes(made({}, second)).signature }),
    "not what its issuer has signed",
  ],
  [
    "with a signature of something else",
    changed({ signature: bytes(made({ source: "job" })).signature }),
    "not what its issuer has signed",
  ],
  ["without a signature", changed({ signature: new Uint8Array(0) }), "not what its issuer has signed"],
  ["without a key's name", changed({ keyId: "" }), "signed with an unknown key"],
  ["nothing", "", "no assertion"],
  ["no base64", "%%%", "no assertion"],
  ["too long", "A".repeat(16_388), "no assertion"],
  ["no message", "/w", "cannot be read"],
  ["in the other alphabet", url(made({ source: "???>>>" })), "no assertion"],
  ["with a line break", `${made()}\n`, "no assertion"],
  ["with too much padding", `${made()}===`, "no assertion"],
];
const accepted: readonly (readonly [name: string, header: string, more?: object])[] = [
  ["as sent", made()],
  ["with padding", padded(made())],
  ["in its last second, by a clock that is behind", made(), { now: NOW + 64 }],
  ["by a clock that is ahead", made(), { now: NOW - 5 }],
  ["of the next key", made({}, second), { keys: "second" }],
];
const VECTORS = {
  issuer: ISSUER,
  audience: AUDIENCE,
  type: "bff.v1.Principal",
  keys: { first: jwks(first), second: jwks(second) },
  cases: [
    ...accepted.map(([name, header, more]) => ({
      name,
      header,
      keys: "first",
      now: NOW,
      source: "user",
      principal: Buffer.from(principal).toString("base64"),
      ...more,
    })),
    ...refused.map(([name, header, error, more]) => ({ name, header, keys: "first", now: NOW, error, ...more })),
  ],
};

test("the vectors of the Go example are those of the runtime", () => {
  const text = `${JSON.stringify(VECTORS, null, 2)}\n`;
  if (process.env.UPDATE_GOLDENS !== undefined) writeFileSync(path, text);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test.each(VECTORS.cases)("$name: the runtime gives the same result", ({ header, now, keys, ...rest }) => {
  const signed = readSigned(header);
  const key = [first, second].find(({ id }) => id === signed?.keyId);
  const isPublished = key === (keys === "first" ? first : second);
  const found =
    signed &&
    key &&
    isPublished &&
    checkAssertion(signed, createPublicKey(key.key), {
      issuer: ISSUER,
      audience: [AUDIENCE],
      now,
    });
  const isAccepted = typeof found === "object" && found.type === VECTORS.type;
  expect(isAccepted).toBe(!("error" in rest));
});

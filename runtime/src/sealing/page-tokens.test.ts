import { createHash, createHmac, hkdfSync, webcrypto } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { StructSchema, type Value } from "@bufbuild/protobuf/wkt";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import { PageTokens } from "./page-tokens.ts";
import { Sealer } from "./sealer.ts";

const HOUR_MS = 3_600_000;
const KEY = Buffer.alloc(32, 7);
const state = (cursor: string) => new Map([["cursor", cursor]]);

interface World {
  readonly keys?: readonly Buffer[];
  readonly method?: string;
  readonly subject?: string;
  readonly source?: string;
  readonly tenant?: string;
  /** Free: the size and the token. */
  readonly issuer?: string;
  readonly hours?: number;
}

/** The request is a principal, since its fields are texts; `issuer` is its token. */
function tokens({ keys = [KEY], method = "a.v1.A/List", source = "user", ...world }: World = {}): PageTokens {
  const { subject = "ann", tenant = "north", issuer = "", hours = 1000 } = world;
  const free = PrincipalSchema.fields.filter(({ name }) => name === "issuer");
  const clock = { date: () => new Date(hours * HOUR_MS) } as Clock;
  const args = create(PrincipalSchema, { subject: "list", tenant, issuer });
  const credential = create(CredentialSchema, { source, subject });
  const principal = create(PrincipalSchema, { subject });
  const caller = { credential, principal, bytes: toBinary(PrincipalSchema, principal), key: "", token: undefined };
  return new PageTokens({ sealer: new Sealer(keys), method, input: PrincipalSchema, free, clock }, args, caller);
}

test("a token gives its state, an empty state the empty token", () => {
  const all = new Map([
    ["b", "\ud800 ü"],
    ["a", ""],
  ]);
  expect(new Map(tokens().open(tokens().seal(all)))).toEqual(all);
  expect([tokens().seal(new Map()), tokens().open("")]).toEqual(["", new Map()]);
});

test("equal states give equal tokens, in any order and with any free fields, and other states others", () => {
  const entries: [string, string][] = [
    ["a", "1"],
    ["b", "2"],
  ];
  const token = tokens().seal(new Map(entries));
  expect(tokens({ issuer: "another" }).seal(new Map(entries.toReversed()))).toBe(token);
  expect(tokens().seal(state("1"))).not.toBe(tokens().seal(state("2")));
  const nonces = Array.from({ length: 1_000 }, (_, i) =>
    tokens()
      .seal(state(String(i)))
      .slice(6, 21),
  );
  expect(new Set(nonces).size).toBe(1_000);
});

test.each<[string, World]>([
  ["another rpc", { method: "a.v1.A/Find" }],
  ["another caller", { subject: "bob" }],
  ["another source", { source: "robot" }],
  ["another request", { tenant: "south" }],
  ["another key", { keys: [Buffer.alloc(32, 8)] }],
  ["no key", { keys: [] }],
  ["another time", { hours: 1073 }],
])("a token does not open for %s", (_, world) => {
  const token = tokens().seal(state("x"));
  expect(tokens().open(token)).toEqual(state("x"));
  expect(tokens(world).open(token)).toBeUndefined();
});

test("a token opens for 72 hours, and with an older key", () => {
  const token = tokens().seal(state("x"));
  expect(tokens({ hours: 1072 }).open(token)).toEqual(state("x"));
  expect(tokens({ keys: [Buffer.alloc(32, 9), KEY] }).open(token)).toEqual(state("x"));
});

test("no flipped bit, no shorter and no longer text opens", () => {
  const token = tokens().seal(state("x"));
  const bytes = Buffer.from(token, "base64url");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(tokens().open(flipped.toString("base64url"))).toBeUndefined();
  }
  for (let length = 1; length < token.length; length++) expect(tokens().open(token.slice(0, length))).toBeUndefined();
  const standard = bytes.toString("base64");
  for (const other of [`${token}=`, `${token}A`, ` ${token}`, `${token}\n`, standard === token ? "+" : standard])
    expect(tokens().open(other)).toBeUndefined();
});

test("random texts and random changes do not open", () => {
  const token = tokens().seal(state("x"));
  const alphabet = "ABCabc019-_+/= \u00e9";
  let seed = 42;
  const below = (count: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % count;
  };
  for (let turn = 0; turn < 5_000; turn++) {
    const changed = [...token];
    for (let change = 0; change <= below(4); change++)
      changed.splice(below(changed.length), below(2), alphabet[below(alphabet.length)] ?? "");
    const text =
      turn % 2 === 0 ? changed.join("") : Array.from({ length: below(200) }, () => alphabet[below(15)]).join("");
    if (text === token || text === "") continue;
    expect(tokens().open(text)).toBeUndefined();
  }
});

test("a token has at most 4 KiB, and a longer one fails", () => {
  const longest = tokens().seal(state("x".repeat(3_000)));
  expect(longest.length).toBeLessThanOrEqual(4_096);
  expect(tokens().open(longest)?.get("cursor")).toHaveLength(3_000);
  expect(() => tokens().seal(state("x".repeat(3_100)))).toThrow(/at most 4096/);
  expect(tokens().open("A".repeat(4_097))).toBeUndefined();
});

test("WebCrypto opens a token, and HMAC-SHA-256 gives its nonce", async () => {
  const bytes = Buffer.from(tokens().seal(state("x")), "base64url");
  const [id, nonce, sealed] = [bytes.subarray(0, 4), bytes.subarray(4, 16), bytes.subarray(16)];
  expect(id).toEqual(createHash("sha256").update(KEY).digest().subarray(0, 4));
  // Proto fields 3 and 4 of the request, without the token.
  const digest = createHash("sha256").update(Buffer.from("\x1a\x04list\x22\x05north")).digest("base64url");
  const principal = createHash("sha256").update(Buffer.from("\x1a\x03ann")).digest("base64url");
  const purpose = JSON.stringify(["page", "a.v1.A/List", ["user", "", "ann", principal], digest]);
  const key = await webcrypto.subtle.importKey("raw", KEY, "AES-GCM", false, ["decrypt"]);
  const opened = await webcrypto.subtle.decrypt(
    { name: "AES-GCM", iv: nonce, additionalData: Buffer.from(purpose), tagLength: 128 },
    key,
    sealed,
  );
  const text = Buffer.from(opened).toString();
  expect(text).toBe('1000\n[["cursor","x"]]');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(purpose.length);
  const derived = Buffer.from(hkdfSync("sha256", KEY, "", "protobff nonce", 32));
  const hmac = createHmac("sha256", derived).update(length).update(purpose).update(text).digest();
  expect(nonce).toEqual(hmac.subarray(0, 12));
});

test("the entries of maps in a request have any order", () => {
  const text = (value: string): Value => ({
    $typeName: "google.protobuf.Value",
    kind: { case: "stringValue", value },
  });
  const clock = { date: () => new Date(0) } as Clock;
  const of = (fields: Record<string, Value>) =>
    new PageTokens(
      { sealer: new Sealer([KEY]), method: "a.v1.A/List", input: StructSchema, free: [], clock },
      create(StructSchema, { fields }),
      undefined,
    );
  const nested = (fields: Record<string, Value>): Value => ({
    $typeName: "google.protobuf.Value",
    kind: { case: "structValue", value: create(StructSchema, { fields }) },
  });
  const token = of({ a: text("1"), b: nested({ x: text("2"), y: text("3") }) }).seal(state("x"));
  expect(of({ b: nested({ y: text("3"), x: text("2") }), a: text("1") }).open(token)).toEqual(state("x"));
  expect(of({ b: nested({ y: text("4"), x: text("2") }), a: text("1") }).open(token)).toBeUndefined();
});

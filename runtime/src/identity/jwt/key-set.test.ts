// Holds docs/runtime.md#tokens
import { describe, expect, test } from "vitest";
import { idle } from "../../testing/fake-clock.ts";
import { JwtRig } from "../../testing/jwt-rig.ts";
import { ISSUER, jwkOf, PAIRS, TestIssuer } from "../../testing/test-issuer.ts";
import type { IssuerDocument } from "./fetch-document.ts";
import { loadJose } from "./jose.ts";
import { MAX_KEYS } from "./keys.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AWAY = "14 the issuer's keys cannot be fetched";
const UNKNOWN = "16 the token is signed with an unknown key";
const firstKey = jwkOf(PAIRS.rsa, { kid: "one", use: "sig", alg: "RS256" });
const secondKey = jwkOf(PAIRS.rsa2, { kid: "two" });

/** How many sets of keys were asked for. */
const fetches = (rig: JwtRig): number => rig.issuer.requests.filter((address) => address.endsWith("/keys")).length;
const hanging = (signal: AbortSignal): Promise<IssuerDocument> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("keys", () => {
  test("keys are fetched before the first token, and again at four fifths of their age", async () => {
    const rig = await JwtRig.open();
    await rig.keys.opened;
    expect(rig.issuer.requests).toEqual([`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/keys`]);
    await rig.issuer.clock.advance(8 * MINUTE - 1);
    expect(fetches(rig)).toBe(1);
    await rig.issuer.clock.advance(1);
    expect(fetches(rig)).toBe(2);
  });

  test.each([
    ["max-age=1800", 30 * MINUTE],
    ["public, max-age=1800, must-revalidate", 30 * MINUTE],
    ["max-age=5", MINUTE],
    ["max-age=86400", HOUR],
    ["no-store, max-age=1800", MINUTE],
    ["s-maxage=30", 10 * MINUTE],
    ["nonsense", 10 * MINUTE],
  ])("keys with %s are %i ms old", async (cacheControl, age) => {
    const issuer = new TestIssuer();
    issuer.cacheControl = cacheControl;
    const rig = await JwtRig.open({}, issuer);
    await issuer.clock.advance(age * 0.8 - 1);
    expect(fetches(rig)).toBe(1);
    await issuer.clock.advance(1);
    expect(fetches(rig)).toBe(2);
  });

  test("each instance fetches keys at another time", async () => {
    const issuer = new TestIssuer();
    issuer.clock.chance = 0;
    const rig = await JwtRig.open({}, issuer);
    await issuer.clock.advance(10 * MINUTE * 0.72);
    expect(fetches(rig)).toBe(2);
  });

  test("keys may be at an address from the options", async () => {
    const place = { kind: "address", address: "https://elsewhere.example/jwks" } as const;
    const rig = await JwtRig.open({ keys: { place } });
    expect(rig.issuer.requests).toEqual(["https://elsewhere.example/jwks"]);
    expect(await rig.outcome(rig.issuer.token())).toBe("ok");
  });

  test("an issuer may end in a slash", async () => {
    const issuer = new TestIssuer();
    const name = `${ISSUER}/tenant/`;
    issuer.discovery = { issuer: name, jwks_uri: `${ISSUER}/keys` };
    await JwtRig.open({ keys: { place: { kind: "discovery", issuer: name } } }, issuer);
    expect(issuer.requests[0]).toBe(`${ISSUER}/tenant/.well-known/openid-configuration`);
  });
});

describe("an unknown key", () => {
  test("an unknown key is fetched once for all waiting tokens", async () => {
    const rig = await JwtRig.open();
    await rig.issuer.clock.advance(10_000);
    rig.issuer.keys = [firstKey, secondKey];
    const token = (sub: string): string => rig.issuer.token({ sub }, { kid: "two" }, PAIRS.rsa2);
    const outcomes = await Promise.all(["a", "b", "c"].map((sub) => rig.outcome(token(sub))));
    expect(outcomes).toEqual(["ok", "ok", "ok"]);
    expect(fetches(rig)).toBe(2);
  });

  test("unknown keys are fetched at most every 10 seconds, without an effect on other tokens", async () => {
    const rig = await JwtRig.open();
    const wrong = (n: number): string => rig.issuer.token({}, { kid: `wrong${n}` });
    for (let second = 0; second < 60; second++) {
      for (let n = 0; n < 10; n++) expect(await rig.outcome(wrong(n))).toBe(UNKNOWN);
      expect(await rig.outcome(rig.issuer.token())).toBe("ok");
      await rig.issuer.clock.advance(1_000);
    }
    expect(fetches(rig)).toBe(1 + 5);
  });

  test("while the issuer is away, tokens with unknown keys are UNAVAILABLE, and others verify without waiting", async () => {
    const rig = await JwtRig.open();
    await rig.issuer.clock.advance(10_000);
    rig.issuer.answer = (_, signal) => hanging(signal);
    const token = rig.issuer.token({}, { kid: "two" }, PAIRS.rsa2);
    const first = rig.outcome(token);
    await rig.issuer.clock.advance(5_000);
    expect(await first).toBe(AWAY);
    // by now the next fetch hangs
    await rig.issuer.clock.advance(1_500);
    expect(await rig.outcome(token)).toBe(AWAY);
    expect(await rig.outcome(rig.issuer.token())).toBe("ok");
  });

  test("at most a thousand tokens wait for a fetch", async () => {
    const rig = await JwtRig.open();
    await rig.issuer.clock.advance(10_000);
    rig.issuer.answer = (_, signal) => hanging(signal);
    const outcomes = Array.from({ length: 1005 }, (_, n) => rig.outcome(rig.issuer.token({}, { kid: `x${n}` })));
    await rig.issuer.clock.advance(5_000);
    const ended = await Promise.all(outcomes);
    expect(ended.filter((outcome) => outcome === AWAY)).toHaveLength(1000);
    expect(ended.filter((outcome) => outcome === "14 too many requests wait for the issuer's keys")).toHaveLength(5);
  });
});

describe("a token without a key id", () => {
  test("a token without a key id is verified with the only possible key", async () => {
    const issuer = new TestIssuer();
    issuer.keys = [firstKey, jwkOf(PAIRS.p256, { kid: "ec" })];
    const rig = await JwtRig.open({}, issuer);
    expect(await rig.outcome(issuer.token({}, { kid: undefined }))).toBe("ok");
    issuer.keys = [firstKey, secondKey];
    await issuer.clock.advance(10 * MINUTE);
    expect(await rig.outcome(issuer.token({ sub: "eve" }, { kid: undefined }))).toBe(UNKNOWN);
  });
});

describe("rotation", () => {
  test("rotation accepts a new key, and keeps the old one while it is published", async () => {
    const rig = await JwtRig.open();
    const old = rig.issuer.token({ exp: rig.issuer.now + 7200 });
    expect(await rig.outcome(old)).toBe("ok");
    rig.issuer.keys = [secondKey, firstKey];
    await rig.issuer.clock.advance(10 * MINUTE);
    expect(await rig.outcome(rig.issuer.token({}, { kid: "two" }, PAIRS.rsa2))).toBe("ok");
    expect(await rig.outcome(old)).toBe("ok");
    expect(rig.verifications).toBe(2);
  });

  test("a withdrawn key invalidates its tokens, even remembered ones", async () => {
    const rig = await JwtRig.open();
    const old = rig.issuer.token({ exp: rig.issuer.now + 7200 });
    expect(await rig.outcome(old)).toBe("ok");
    rig.issuer.keys = [secondKey];
    await rig.issuer.clock.advance(10 * MINUTE);
    expect(await rig.outcome(old)).toBe(UNKNOWN);
  });

  test("another key under the same id invalidates the tokens of the first", async () => {
    const rig = await JwtRig.open();
    const old = rig.issuer.token({ exp: rig.issuer.now + 7200 });
    expect(await rig.outcome(old)).toBe("ok");
    rig.issuer.keys = [jwkOf(PAIRS.rsa2, { kid: "one" })];
    await rig.issuer.clock.advance(10 * MINUTE);
    expect(await rig.outcome(old)).toBe("16 the token is not what its issuer has signed");
  });

  test("a withdrawn key that returns verifies again", async () => {
    const rig = await JwtRig.open();
    for (const [keys, outcome] of [
      [[secondKey], UNKNOWN],
      [[firstKey], "ok"],
    ] as const) {
      rig.issuer.keys = keys;
      await rig.issuer.clock.advance(10 * MINUTE);
      expect(await rig.outcome(rig.issuer.token())).toBe(outcome);
      expect(await rig.outcome(rig.issuer.token())).toBe(outcome);
    }
  });
});

const [SHORT, LONG] = [255, 1025].map((bytes) => Buffer.alloc(bytes, 0xa5).toString("base64url"));
const UNUSABLE: readonly unknown[] = [
  ...[
    { kty: "oct", k: "x" },
    5,
    null,
    { ...firstKey, kid: 5 },
    { ...firstKey, alg: 5 },
    { ...firstKey, n: 5 },
    { ...firstKey, kty: "X" },
  ],
  ...[
    { ...firstKey, use: "enc" },
    { ...firstKey, key_ops: ["encrypt"] },
    { ...firstKey, key_ops: "verify" },
  ],
  ...[
    { ...firstKey, n: SHORT },
    { ...firstKey, n: LONG },
    { ...firstKey, e: "A".repeat(9) },
  ],
];
/** What an issuer does wrong, and what is said of it. */
const FAULTS: readonly (readonly [
  string,
  (address: string, signal: AbortSignal) => Promise<IssuerDocument>,
  string,
])[] = [
  ["is away", () => Promise.reject(new Error("connect ECONNREFUSED")), "connect ECONNREFUSED"],
  ["hangs", (_, signal) => hanging(signal), "does not answer within 5 s"],
  ["hangs, deaf to being given up", () => new Promise(() => {}), "does not answer within 5 s"],
  ["answers with an error", () => Promise.reject(new Error("answers with status 503")), "answers with status 503"],
  ["answers with no JSON", () => answer("<html>"), "answers with what is not JSON"],
  ["answers with a list", () => answer("[]"), "answers with no JSON object"],
  [
    "is another issuer",
    () => answer(JSON.stringify({ issuer: `${ISSUER}/`, jwks_uri: `${ISSUER}/keys` })),
    `has the issuer "${ISSUER}/", expected "${ISSUER}"`,
  ],
  ["has keys without TLS", () => discovered("http://issuer.example/keys"), "has no jwks_uri with https"],
  ["has keys on this machine", () => discovered("http://127.0.0.1:1/keys"), "has a jwks_uri on loopback"],
  ["has keys at no address", () => discovered("keys"), "has no jwks_uri with https"],
  ["has no keys", keySet({}), "answers with no set of keys"],
  ["has an empty set", keySet({ keys: [] }), "has no key that verifies signatures"],
  ["has keys of other kinds", keySet({ keys: UNUSABLE }), "has no key that verifies signatures"],
  ["has too many keys", keySet({ keys: Array(MAX_KEYS + 1).fill(firstKey) }), `has more than ${MAX_KEYS} keys`],
];
function answer(text: string): Promise<IssuerDocument> {
  return Promise.resolve({ text, cacheControl: undefined });
}
function discovered(address: string): Promise<IssuerDocument> {
  return answer(JSON.stringify({ issuer: ISSUER, jwks_uri: address }));
}
function keySet(set: object): (address: string) => Promise<IssuerDocument> {
  return (address) => (address.endsWith("/keys") ? answer(JSON.stringify(set)) : discovered(`${ISSUER}/keys`));
}

/** The address comes first. */
const ADDRESSED = /^https:\/\/issuer\.example\/(keys|\.well-known\/openid-configuration): /;

describe.each(FAULTS)("an issuer that %s", (_, fault, message) => {
  test("an issuer that is away for an hour does not affect tokens with known keys", async () => {
    const rig = await JwtRig.open();
    rig.issuer.answer = fault;
    const before = rig.issuer.requests.length;
    for (let minute = 0; minute < 60; minute++) {
      expect(await rig.outcome(rig.issuer.token())).toBe("ok");
      expect(await rig.outcome(rig.issuer.token({ exp: 1 }))).toBe("16 the token has expired");
      await rig.issuer.clock.advance(MINUTE);
    }
    // one fetch at a time, of at most two documents, half a minute apart or less at the beginning
    expect(rig.issuer.requests.length - before).toBeLessThan((2 * 60 * 60) / 25 + 20);
    expect(rig.faults).toEqual([expect.stringMatching(ADDRESSED)]);
    expect(rig.faults[0]?.endsWith(`: ${message}`)).toBe(true);
    rig.issuer.answer = undefined;
    await rig.issuer.clock.advance(MINUTE);
    rig.issuer.answer = fault;
    await rig.issuer.clock.advance(HOUR);
    expect(rig.faults).toEqual([rig.faults[0], rig.faults[0]]);
  });

  test("an issuer that is away at the start keeps the source closed and UNAVAILABLE until it returns", async () => {
    const issuer = new TestIssuer();
    issuer.answer = fault;
    const rig = await JwtRig.open({}, issuer);
    let opened = false;
    void rig.keys.opened.then(() => {
      opened = true;
    });
    const early = rig.outcome(issuer.token());
    await issuer.clock.advance(10 * MINUTE);
    expect(await early).toBe(AWAY);
    expect(await rig.outcome(issuer.token())).toBe(AWAY);
    expect(opened).toBe(false);
    issuer.answer = undefined;
    await issuer.clock.advance(MINUTE);
    expect(opened).toBe(true);
    expect(await rig.outcome(issuer.token())).toBe("ok");
  });
});

test("keys serve for the configured time; later all tokens are UNAVAILABLE, even remembered ones", async () => {
  const rig = await JwtRig.open({ keys: { maxStaleMs: 2 * HOUR } });
  const token = rig.issuer.token({ exp: rig.issuer.now + 86_400 });
  expect(await rig.outcome(token)).toBe("ok");
  rig.issuer.answer = () => Promise.reject(new Error("away"));
  await rig.issuer.clock.advance(2 * HOUR + 10 * MINUTE - 1);
  expect(await rig.outcome(token)).toBe("ok");
  await rig.issuer.clock.advance(1);
  expect(await rig.outcome(token)).toBe(AWAY);
  expect(await rig.outcome(rig.issuer.token({ exp: 5 }))).toBe("16 the token has expired");
  rig.issuer.answer = undefined;
  await rig.issuer.clock.advance(MINUTE);
  expect(await rig.outcome(token)).toBe("ok");
});

test("closing ends a running fetch, and starts no other", async () => {
  const issuer = new TestIssuer();
  issuer.answer = (_, signal) => hanging(signal);
  const rig = await JwtRig.open({}, issuer);
  await rig.source.close();
  await rig.keys.opened;
  await issuer.clock.advance(HOUR);
  expect(issuer.requests).toHaveLength(1);
  expect(issuer.clock.running).toBe(0);
  expect(rig.faults).toEqual([]);

  // when it has one document, and is about to ask for the other
  const addresses: string[] = [];
  let closing: JwtRig | undefined;
  const fetch = (address: string): Promise<IssuerDocument> => {
    addresses.push(address);
    const discovery = discovered(`${ISSUER}/keys`);
    void discovery.then(() => closing?.source.close());
    return discovery;
  };
  closing = new JwtRig(await loadJose(), new TestIssuer(), { keys: { fetch } });
  await closing.keys.opened;
  expect(addresses).toHaveLength(1);

  const healthy = await JwtRig.open();
  await healthy.source.close();
  await idle();
  expect(healthy.issuer.clock.running).toBe(0);
});

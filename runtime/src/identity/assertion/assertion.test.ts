import { writeFileSync } from "node:fs";
import { create, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema, SignedPrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConfigFault, EnvReader } from "../../environment/env-reader.ts";
import { Failure } from "../../failure.ts";
import { AssertionRig, GATEWAY, SERVICE } from "../../testing/assertion-rig.ts";
import { idle } from "../../testing/fake-clock.ts";
import { unlessFailure } from "../../testing/unless-failure.ts";
import { identity } from "../identity-spec.ts";
import type { IssuerDocument } from "../jwt/fetch-document.ts";
import { MAX_DOCUMENT_BYTES } from "../jwt/fetch-document.ts";
import { keyIdOf, unpadded } from "../propagation/assertion.ts";
import { assertion } from "./assertion.ts";
import type { AssertionOptions } from "./assertion-options.ts";
import { AssertionSource } from "./assertion-source.ts";
import { FileKeys } from "./file-keys.ts";
import { issuerKeys } from "./issuer-keys.ts";
import type { IssuerKeys } from "./verify-assertion.ts";

let rig: AssertionRig;
let keys: IssuerKeys;
let source: AssertionSource;
let answer: () => Promise<IssuerDocument>;
let fetches: number;
const failures: unknown[] = [];
type Options = Partial<AssertionOptions<never, typeof PrincipalSchema>>;
function sourceOf(options: Options, over = keys): AssertionSource {
  const settings = { name: "gateway", issuer: GATEWAY, audience: [SERVICE], keys: "", ...options };
  return new AssertionSource(settings as never, PrincipalSchema, { clock: rig.clock, keys: over });
}
beforeEach(async () => {
  rig = new AssertionRig();
  fetches = 0;
  failures.length = 0;
  answer = async () => ({ text: await rig.published(), cacheControl: "max-age=300" });
  keys = issuerKeys(`${GATEWAY}/.well-known/bff-keys`, {
    clock: rig.clock,
    failed: (error) => failures.push(error),
    fetch: () => {
      fetches++;
      return answer();
    },
  });
  source = sourceOf({});
  await keys.opened;
});
afterEach(async () => {
  await keys.close();
  rig.propagation.close();
  rig.remove();
});
const outcome = async (header: string, of = source): Promise<string> => {
  try {
    return (await of.verify(header)).credential.subject;
  } catch (thrown) {
    return thrown instanceof Failure ? `${thrown.code} ${thrown.message}` : `threw ${thrown}`;
  }
};

describe("an assertion", () => {
  test("an assertion identifies the caller as authenticated by the gateway", async () => {
    const caller = await source.verify(rig.header());
    expect(caller.principal).toMatchObject({ subject: "ada", issuer: "https://login.example", source: "user" });
    const now = Math.floor(rig.clock.date().getTime() / 1000);
    expect(caller.credential).toMatchObject({ source: "gateway", issuer: GATEWAY, subject: "ada" });
    expect(caller.credential.expires).toBe(BigInt(now + 60));
    expect(caller.token).toBeUndefined();
  });
  test("an assertion is verified once; equal principals share a cache key, and other principals do not", async () => {
    const header = rig.header();
    const first = await source.verify(header);
    expect(source.verify(header)).toBe(first);
    await rig.clock.advance(40_000);
    const renewed = rig.header();
    expect(renewed).not.toBe(header);
    expect((await source.verify(renewed)).key).toBe(first.key);
    expect((await source.verify(rig.header(rig.caller("eve")))).key).not.toBe(first.key);
  });
  test("an assertion has one spelling; other characters, as in a repeated header, are refused", async () => {
    const header = rig.header();
    for (const other of [
      `${header}, ${header}`,
      `${header} `,
      ` ${header}`,
      `${header}.`,
      header.replace(/(.{4})/, "$1-"),
    ])
      expect(await outcome(other)).toBe("16 the assertion is none");
    expect(await outcome(header)).toBe("ada");
  });
  test("an assertion expires, remembered or not", async () => {
    const header = rig.header();
    expect(await outcome(header)).toBe("ada");
    await rig.clock.advance(64_000);
    expect(await outcome(header)).toBe("ada");
    await rig.clock.advance(1_000);
    expect(await outcome(header)).toBe("16 the assertion has expired");
  });
  test("an assertion must have an audience of this service", async () => {
    const other = rig.header(rig.caller(), "other.v1.OtherService");
    expect(await outcome(other)).toBe("16 the assertion is for another audience");
    expect(await outcome(other, sourceOf({ audience: [SERVICE, "other.v1.OtherService"] }))).toBe("ada");
  });
  test("an assertion belongs to its issuer", async () => {
    expect(await outcome(rig.header(), sourceOf({ issuer: "https://other.example" }))).toBe(
      "16 the assertion is of another issuer",
    );
    expect(source.owns(rig.header())).toBe(true);
    expect(sourceOf({ issuer: "https://other.example" }).owns(rig.header())).toBe(false);
    for (const nothing of ["", "nothing", "AAAA", "a b"]) expect(source.owns(nothing)).toBe(false);
  });
  test("an assertion contains the declared message", async () => {
    const others = sourceOf({ claims: CredentialSchema as never });
    expect(await outcome(rig.header(), others)).toBe(
      '16 the assertion holds "bff.v1.Principal", not a bff.v1.Credential',
    );
  });
  test("an assertion of a principal without a required text is refused", async () => {
    const empty = { ...rig.caller(), bytes: toBinary(PrincipalSchema, create(PrincipalSchema, { source: "user" })) };
    expect(await outcome(rig.header(empty))).toBe("16 bff.v1.Principal.issuer is empty");
  });
  test.each([
    ["", "16 the assertion is none"],
    ["nothing at all", "16 the assertion is none"],
    ["A".repeat(16_385), "16 the assertion is too long"],
    [
      unpadded(toBinary(SignedPrincipalSchema, create(SignedPrincipalSchema, { assertion: Buffer.from([8]) }))),
      "16 the assertion cannot be read",
    ],
  ])("an assertion of %s: %s", async (header, expected) => {
    expect(await outcome(header)).toBe(expected);
    expect(fetches).toBe(1);
  });
  test("an assertion without a signature, or with one of another key under a known id, is refused", async () => {
    const known = keyIdOf(rig.write("other"));
    await rig.published();
    const stranger = rig.signing("other");
    const header = rig.header(rig.caller(), SERVICE, stranger);
    const { signature, assertion: bytes } = await import("../propagation/assertion.ts").then(
      ({ readSigned }) => readSigned(header) ?? create(SignedPrincipalSchema),
    );
    const { keys: published } = JSON.parse(await rig.published());
    const named = (keyId: string, signed: Uint8Array) =>
      unpadded(
        toBinary(SignedPrincipalSchema, create(SignedPrincipalSchema, { assertion: bytes, signature: signed, keyId })),
      );
    expect(await outcome(named(published[0].kid, signature))).toBe(
      "16 the assertion is not what its issuer has signed",
    );
    expect(await outcome(named(published[0].kid, new Uint8Array(0)))).toBe(
      "16 the assertion is not what its issuer has signed",
    );
    expect(await outcome(named("", signature))).toBe("16 the assertion is signed with an unknown key");
    expect(await outcome(named(known, signature))).toBe("16 the assertion is signed with an unknown key");
    stranger.close();
  });
});

describe("keys at an address", () => {
  test("new keys are fetched when an assertion names one; removed keys no longer verify", async () => {
    const old = rig.header();
    expect(await outcome(old)).toBe("ada");
    await rig.clock.advance(10_000);
    rig.propagation.close();
    rig.write("second");
    rig.propagation = rig.signing("second", "first");
    expect(await outcome(rig.header())).toBe("ada");
    expect(await outcome(old)).toBe("ada");
    expect(fetches).toBe(2);
    rig.propagation.close();
    rig.propagation = rig.signing("second");
    // At four fifths of their age.
    await rig.clock.advance(240_000);
    const fresh = rig.header(rig.caller(), SERVICE);
    expect(await outcome(fresh)).toBe("ada");
    expect(await outcome(old)).toMatch(/^16/);
  });
  test("withdrawn keys invalidate their assertions at once", async () => {
    const { clock } = rig;
    await clock.advance(200_000);
    const header = rig.header();
    expect(await outcome(header)).toBe("ada");
    rig.write("second");
    const next = rig.signing("second");
    answer = async () => ({ text: await rig.published(next), cacheControl: "max-age=300" });
    await clock.advance(40_000);
    expect(fetches).toBe(2);
    expect(await outcome(header)).toBe("16 the assertion is signed with an unknown key");
    next.close();
  });
  test("while the address is away, known keys verify, others are UNAVAILABLE, and no request waits", async () => {
    answer = () => Promise.reject(new Error("is away"));
    await rig.clock.advance(3_600_000);
    expect(await outcome(rig.header())).toBe("ada");
    expect(failures).toHaveLength(1);
    rig.write("second");
    const next = rig.signing("second");
    expect(await outcome(rig.header(rig.caller(), SERVICE, next))).toBe("14 the issuer's keys cannot be fetched");
    await rig.clock.advance(24 * 3_600_000);
    expect(await outcome(rig.header())).toBe("14 the issuer's keys cannot be fetched");
    next.close();
  });
  test("keys are not fetched for assertions that are refused anyway", async () => {
    await rig.clock.advance(10_000);
    rig.write("second");
    const next = rig.signing("second");
    await outcome(rig.header(rig.caller(), "other.v1.OtherService", next));
    await idle();
    expect(fetches).toBe(1);
    next.close();
  });
});

describe("keys in a file", () => {
  const at = () => `${rig.folder}/keys.json`;
  async function opened(text: string): Promise<{ over: AssertionSource; file: FileKeys }> {
    writeFileSync(at(), text);
    const file = new FileKeys(at(), rig.clock, (error) => failures.push(error));
    return { over: sourceOf({}, file), file };
  }
  test("keys are those published by the gateway, or PEM", async () => {
    const pem = rig.write("first").export({ type: "spki", format: "pem" });
    const other = rig.write("second").export({ type: "spki", format: "pem" });
    rig.propagation.close();
    rig.propagation = rig.signing("first");
    for (const text of [await rig.published(), `${other}${pem}`, `# ours\r\n${pem}`]) {
      const { over, file } = await opened(text);
      expect(await outcome(rig.header(), over)).toBe("ada");
      await file.close();
    }
  });
  test("key files are read again; a malformed file changes nothing, and is reported once", async () => {
    const { over, file } = await opened(await rig.published());
    const header = rig.header();
    writeFileSync(at(), "nonsense");
    await rig.clock.advance(30_000);
    expect(await outcome(header, over)).toBe("ada");
    expect(failures).toHaveLength(1);
    rig.write("second");
    const next = rig.signing("second");
    writeFileSync(at(), await rig.published(next));
    await rig.clock.advance(10_000);
    expect(await outcome(rig.header(rig.caller(), SERVICE, next), over)).toBe("ada");
    expect(await outcome(header, over)).toBe("16 the assertion is signed with an unknown key");
    await file.close();
    next.close();
  });
});

describe("faults at the start", () => {
  const faultsOf = async (options: Options): Promise<string[]> => {
    const faults: ConfigFault[] = [];
    const spec = assertion({ name: "gateway", issuer: GATEWAY, audience: [SERVICE], keys: "", ...options });
    await spec.configure?.(new EnvReader({}, faults));
    return faults.map(({ variable, problem }) => `${variable} ${problem}`);
  };
  test.each([
    ["", "keys of source gateway is empty"],
    ["http://gateway.example/keys", "keys of source gateway is neither an https address nor one on loopback"],
    ["file:///etc/keys", "keys of source gateway is neither an https address nor one on loopback"],
    ["/nowhere/keys.json", "keys of source gateway is a file that cannot be used: ENOENT"],
  ])("the address %s", async (address, fault) => {
    const [first = ""] = await faultsOf({ keys: address });
    expect(first.startsWith(fault)).toBe(true);
  });
  test.each([
    ["nothing", "has no key that verifies signatures"],
    ["{", "answers with what is not JSON"],
    [" ".repeat(MAX_DOCUMENT_BYTES + 1), `has more than ${MAX_DOCUMENT_BYTES} bytes`],
    ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "has a public key in it that cannot be read"],
  ])("a file with %.40s", async (text, fault) => {
    const path = `${rig.folder}/given`;
    writeFileSync(path, text);
    expect((await faultsOf({ keys: path }))[0]).toBe(`keys of source gateway is a file that cannot be used: ${fault}`);
  });
  test("an empty audience and issuer are faults", async () => {
    expect(await faultsOf({ keys: "https://gateway.example/keys", audience: [], issuer: "" })).toEqual([
      "issuer of source gateway is empty",
      "audience of source gateway is empty",
    ]);
  });
});

test("one deployment verifies the assertions of another during requests", async () => {
  const path = `${rig.folder}/keys.json`;
  writeFileSync(path, await rig.published());
  const spec = identity(PrincipalSchema, [
    assertion({ name: "gateway", issuer: GATEWAY, audience: [SERVICE], keys: path }),
    assertion({ name: "other", issuer: "https://other.example", audience: [SERVICE], keys: path }),
  ]);
  const faults: ConfigFault[] = [];
  await spec.configure(new EnvReader({}, faults));
  expect(faults).toEqual([]);
  const opened = await spec.open({ clock: rig.clock, audit: () => {}, fault: () => {} });
  const authentication = unlessFailure(
    await opened.authenticate(new Headers({ "x-principal-signed-bin": rig.header() })),
  );
  expect(authentication.caller?.principal).toMatchObject({ subject: "ada" });
  expect(authentication.caller?.credential.source).toBe("gateway");
  expect(authentication.get("x-principal-signed-bin")).toBeNull();
  await opened.close();
});

test("the number of remembered assertions is bounded", async () => {
  const file = new FileKeys(
    (() => {
      const path = `${rig.folder}/one.pem`;
      writeFileSync(path, rig.write("first").export({ type: "spki", format: "pem" }));
      return path;
    })(),
    rig.clock,
    () => {},
  );
  rig.propagation.close();
  rig.propagation = rig.signing("first");
  const over = sourceOf({}, file);
  const first = rig.header(rig.caller("first"));
  const known = await over.verify(first);
  expect(over.verify(first)).toBe(known);
  for (let i = 0; i < 10_000; i++) await over.verify(rig.header(rig.caller(`caller ${i}`)));
  expect(over.verify(first)).toBeInstanceOf(Promise);
  expect(await outcome(first, over)).toBe("first");
  await file.close();
}, 60_000);

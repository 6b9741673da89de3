// Holds docs/runtime.md#api-keys

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { create } from "@bufbuild/protobuf";
import { type Principal, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Failure } from "../../failure.ts";
import type { AuditEvent } from "../../observer-requests.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ClaimsSchema } from "../../testing/gen/claims_pb.ts";
import { unlessFailure } from "../../testing/unless-failure.ts";
import type { Caller } from "../caller.ts";
import { type Incoming, NOWHERE } from "../incoming-request.ts";
import type { Settings } from "../settings.ts";
import type { Source } from "../source.ts";
import { type ApiKeyOptions, apiKey } from "./api-key.ts";
import { ApiKeySource, type ApiKeySourceParts } from "./api-key-source.ts";
import { digestOf, newId, newKey } from "./key-format.ts";
import type { KeyStore, KeyUse, StoredKey } from "./key-store.ts";
import { SqliteKeys } from "./sqlite-keys.ts";

// Over a real file of SQLite; a store that is away is a fake.

let folder: string;
let path: string;
const sources: Source[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bff-keys-"));
  path = join(folder, "keys.db");
});
afterEach(async () => {
  for (const source of sources.splice(0)) await source.close();
  rmSync(folder, { recursive: true });
});

const FROM: Incoming = { get: () => null, all: () => [], peer: { ...NOWHERE, address: "192.0.2.7" } };

class Rig {
  readonly clock = new FakeClock();
  readonly audited: AuditEvent[] = [];
  readonly faults: string[] = [];
  /** Beside the source, as bff-key opens it. */
  readonly store: SqliteKeys;
  source: Source | undefined;

  private constructor(store: SqliteKeys) {
    this.store = store;
  }
  static async open(options: Partial<ApiKeyOptions<Principal, typeof ClaimsSchema>>): Promise<Rig> {
    const rig = new Rig(await SqliteKeys.at(path));
    const settings = { optional: (name: string) => (name === "BFF_STORE_FILE" ? path : undefined) } as Settings;
    const spec = apiKey({ name: "robot", prefix: "acme_", ...options });
    await spec.configure?.(settings);
    rig.source = await spec.open(rig.parts);
    sources.push(rig.source);
    await rig.source.opened;
    return rig;
  }
  get parts() {
    const { clock } = this;
    const audit = (event: AuditEvent): void => void this.audited.push(event);
    return { clock, type: PrincipalSchema, audit, fault: (what: string) => void this.faults.push(what) };
  }
  get second(): number {
    return Math.floor(this.clock.date().getTime() / 1000);
  }
  add(more: Partial<StoredKey> = {}, prefix = "acme_"): string {
    const key = newKey(prefix);
    const none = { expires: undefined, revoked: undefined, lastUsed: undefined };
    const stored = { id: newId(), subject: "ada", scopes: ["read"], claims: "{}", created: this.second, ...none };
    this.store.add(digestOf(key), { ...stored, ...more });
    return key;
  }
  async verify(key: string): Promise<Caller | undefined> {
    return unlessFailure(await this.source?.verify(key, FROM));
  }
  outcome(key: string): Promise<string> {
    return this.verify(key).then(
      () => "ok",
      (thrown: unknown) => (thrown instanceof Failure ? `${thrown.code} ${thrown.message}` : `threw ${thrown}`),
    );
  }
}

describe("a key", () => {
  test("a key identifies its caller", async () => {
    const rig = await Rig.open({});
    const caller = await rig.verify(rig.add({ id: "key_1", scopes: ["read", "write"], expires: rig.second + 60 }));
    expect(caller).toMatchObject({
      credential: { source: "robot", issuer: "robot", subject: "ada", id: "key_1", scopes: ["read", "write"] },
      principal: { source: "robot", issuer: "robot", subject: "ada", scopes: ["read", "write"] },
      token: undefined,
    });
    expect(caller?.credential.expires).toBe(BigInt(rig.second + 60));
  });

  test("a key has claims of the declared message, or is refused", async () => {
    const rig = await Rig.open({
      claims: ClaimsSchema,
      principal: ({ org }, { source, issuer, subject }) =>
        create(PrincipalSchema, { source, issuer, subject, tenant: org }),
    });
    const claims = (json: object): string => rig.add({ claims: JSON.stringify(json) });
    expect((await rig.verify(claims({ org: "acme" })))?.principal).toMatchObject({ tenant: "acme" });
    expect(await rig.outcome(claims({ org: 1 }))).toBe("16 the key's claims are not of the declared types");
    expect(await rig.outcome(rig.add({ claims: "nonsense" }))).toBe(
      "16 the key's claims are not of the declared types",
    );
  });

  test("a key with an empty subject is refused", async () => {
    const rig = await Rig.open({});
    expect(await rig.outcome(rig.add({ subject: "" }))).toBe("16 bff.v1.Principal.subject is empty");
  });

  test("a key belongs to its source by prefix and length", async () => {
    const { source } = await Rig.open({});
    const key = newKey("acme_");
    expect(key).toMatch(/^acme_[0-9A-Za-z]{49}$/);
    expect(source?.owns(key)).toBe(true);
    for (const other of [newKey(""), newKey("acme"), newKey("acme_b_"), key.slice(1), `${key}0`, `${key}\n`, ""]) {
      expect(source?.owns(other), other).toBe(false);
    }
  });

  test("a key is read from a header, with any case of the bearer scheme", async () => {
    for (const [header, scheme] of [
      ["x-api-key", undefined],
      ["authorization", "bearer"],
    ] as const) {
      const rig = await Rig.open({ header });
      expect(rig.source?.place).toEqual({ kind: "header", name: header, scheme });
      expect(rig.source?.ambient).toBe(false);
    }
  });
});

describe("an invalid key", () => {
  test("a text that is not a key, or has a wrong checksum, is refused without a query of the store", async () => {
    let queryCount = 0;
    const store = fakeStore({ find: () => void queryCount++ });
    const { source } = over(store);
    const key = newKey("acme_");
    const wrong = fc
      .nat(key.length - 1)
      .chain((at) => fc.constantFrom(..."0aZ_").map((c) => key.slice(0, at) + c + key.slice(at + 1)));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), wrong), async (text) => {
        if (text === key) return;
        expect(source.verify(text, FROM)).toBeInstanceOf(Failure);
      }),
    );
    expect(queryCount).toBe(0);
    expect(() => unlessFailure(source.verify(key, FROM))).toThrow();
    expect(queryCount).toBe(1);
  });

  test("a well-formed unknown key is remembered for a second, up to a thousand of them", async () => {
    let queryCount = 0;
    const { source, clock } = over(fakeStore({ find: () => void queryCount++ }));
    const key = newKey("acme_");
    for (let i = 0; i < 5; i++) expect(() => unlessFailure(source.verify(key, FROM))).toThrow();
    expect(queryCount).toBe(1);
    await clock.advance(1_000);
    expect(() => unlessFailure(source.verify(key, FROM))).toThrow();
    expect(queryCount).toBe(2);
    for (let i = 0; i < 1_000; i++) expect(() => source.verify(newKey("acme_"), FROM)).toThrow();
    expect(() => unlessFailure(source.verify(key, FROM))).toThrow();
    expect(queryCount).toBe(1_003);
  });

  test("the log has the reason of a refusal", async () => {
    const rig = await Rig.open({});
    expect(await rig.outcome(newKey("acme_"))).toBe("16 the key is unknown");
    expect(await rig.outcome(rig.add({ revoked: 1 }))).toBe("16 the key is revoked");
    expect(await rig.outcome(rig.add({ expires: rig.second }))).toBe("16 the key has expired");
    expect(await rig.outcome("acme_nonsense")).toBe("16 the key is none");
  });
});

describe("a remembered key", () => {
  test("a remembered key ends with the cache, after which a revocation takes effect", async () => {
    const rig = await Rig.open({ cacheMs: 10_000 });
    const key = rig.add({ id: "key_1" });
    const first = await rig.verify(key);
    expect(rig.source?.verify(key, FROM)).toBe(first);
    rig.store.revoke("key_1", rig.second);
    await rig.clock.advance(9_999);
    expect(await rig.outcome(key)).toBe("ok");
    await rig.clock.advance(1);
    expect(await rig.outcome(key)).toBe("16 the key is revoked");
  });

  test("a remembered key ends when the key expires", async () => {
    const rig = await Rig.open({ cacheMs: 3_600_000 });
    const key = rig.add({ expires: rig.second + 5 });
    expect(await rig.outcome(key)).toBe("ok");
    await rig.clock.advance(5_000);
    expect(await rig.outcome(key)).toBe("16 the key has expired");
  });

  test("all callers that wait for a slow store share one query", async () => {
    const key = newKey("acme_");
    let queryCount = 0;
    const { promise, resolve } = Promise.withResolvers<StoredKey>();
    const { source } = over(
      fakeStore({
        find: () => {
          queryCount++;
          return promise;
        },
      }),
    );
    const all = Promise.all(Array.from({ length: 50 }, () => source.verify(key, FROM)));
    resolve(KEY);
    expect(new Set(await all).size).toBe(1);
    expect(queryCount).toBe(1);
  });
});

describe("an unavailable store", () => {
  test("an unavailable store does not invalidate a key", async () => {
    for (const find of [() => Promise.reject(new Error("away")), fails]) {
      const { source, faults } = over(fakeStore({ find }));
      const failure = await Promise.try(async () => unlessFailure(await source.verify(newKey("acme_"), FROM))).catch(
        (thrown: unknown) => thrown,
      );
      expect(failure).toMatchObject({ code: 14, clientCode: 14, clientMessage: "cannot check credentials now" });
      expect(faults).toEqual(["keys of source robot cannot be looked up"]);
    }
  });

  test("the source retries a store that is unavailable at the start, and the server is not ready before", async () => {
    let attempts = 0;
    const { source, clock, faults } = over(
      fakeStore({
        open: () => {
          if (++attempts < 5) throw new Error("away");
        },
      }),
    );
    let opened = false;
    void source.opened.then(() => {
      opened = true;
    });
    await clock.advance(1_000 + 2_000 + 4_000 + 8_000 - 1);
    expect([opened, attempts]).toEqual([false, 4]);
    await clock.advance(1);
    expect([opened, attempts]).toEqual([true, 5]);
    expect(new Set(faults)).toEqual(new Set(["the store of the keys of source robot cannot be opened"]));
  });
});

describe("last uses of keys", () => {
  test("uses are written in batches, and the rest at the end", async () => {
    const written: (readonly KeyUse[])[] = [];
    const { source, clock } = over(fakeStore({ find: () => KEY, used: (uses) => void written.push(uses) }), 1_000);
    const [a, b] = [newKey("acme_"), newKey("acme_")];
    source.verify(a, FROM);
    await clock.advance(2_000);
    source.verify(a, FROM);
    source.verify(b, FROM);
    expect(written).toEqual([]);
    await clock.advance(8_000);
    const start = 1_800_000_001;
    expect(written).toEqual([
      [
        { digest: digestOf(a), second: start + 2 },
        { digest: digestOf(b), second: start + 2 },
      ],
    ]);
    source.verify(b, FROM);
    await source.close();
    expect(written).toHaveLength(2);
  });

  test("uses are stored in the table, and never go back", async () => {
    const rig = await Rig.open({});
    const key = rig.add({ id: "key_1" });
    await rig.verify(key);
    const used = rig.second;
    await rig.clock.advance(10_000);
    expect(rig.store.list()[0]?.lastUsed).toBe(used);
    rig.store.used([{ digest: digestOf(key), second: used - 5 }]);
    expect(rig.store.list()[0]?.lastUsed).toBe(used);
  });

  test("unwritable uses are reported, without an effect on requests", async () => {
    const { source, clock, faults } = over(fakeStore({ find: () => KEY, used: fails }));
    source.verify(newKey("acme_"), FROM);
    await clock.advance(10_000);
    expect(faults).toEqual(["uses of keys of source robot cannot be noted"]);
  });

  test("the first use is audited", async () => {
    const rig = await Rig.open({ cacheMs: 0 });
    const key = rig.add({ id: "key_1" });
    await rig.verify(key);
    await rig.verify(key);
    await rig.verify(rig.add({ lastUsed: 5 }));
    expect(rig.audited).toEqual([
      {
        event: "key-first-used",
        at: rig.clock.date(),
        source: "robot",
        id: "key_1",
        subject: "ada",
        address: "192.0.2.7",
      },
    ]);
  });
});

test("other processes create and revoke keys concurrently, even before the file exists", async () => {
  const command = fileURLToPath(new URL("../../../../packages/server/bin/bff-key.js", import.meta.url));
  const env = { PATH: process.env.PATH ?? "", BFF_STORE_FILE: path };
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [command, ...args], { env });
  const create = () => run("create", "--subject", "ada", "--prefix", "acme_");
  const made = await Promise.all([create(), create(), create(), create()]);
  const rig = await Rig.open({ cacheMs: 0 });
  for (const { stdout } of made) expect(await rig.outcome(stdout.trim())).toBe("ok");
  const key = made[0].stdout.trim();
  await run("revoke", (await rig.verify(key))?.credential.id ?? "");
  expect(await rig.outcome(key)).toBe("16 the key is revoked");
});

test("the file contains no part of a key", async () => {
  const rig = await Rig.open({});
  const key = rig.add();
  await rig.verify(key);
  const rows = new DatabaseSync(path).prepare("select * from bff_api_key").all();
  const text = JSON.stringify(rows);
  expect(rows).toHaveLength(1);
  for (const secret of [key, key.slice(5, -6), key.slice(5, 15)]) expect(text).not.toContain(secret);
});

const KEY: StoredKey = {
  id: "key_1",
  subject: "ada",
  claims: "{}",
  scopes: [],
  created: 0,
  expires: undefined,
  revoked: undefined,
  lastUsed: 1,
};
function fails(): never {
  throw new Error("away");
}
function fakeStore(more: Partial<KeyStore>): KeyStore {
  const nothing = () => undefined;
  return {
    open: nothing,
    find: nothing,
    used: nothing,
    add: nothing,
    revoke: nothing,
    list: () => [],
    close: nothing,
    ...more,
  };
}
function over(store: KeyStore, cacheMs = 10_000) {
  const clock = new FakeClock();
  const faults: string[] = [];
  const parts: ApiKeySourceParts = {
    name: "robot",
    header: "x-api-key",
    prefix: "acme_",
    from: [],
    cacheMs,
    claims: undefined,
    store,
    clock,
    audit: () => {},
    fault: (what) => void faults.push(what),
    accept: (credential) => ({ credential, principal: credential, bytes: new Uint8Array(), key: "", token: undefined }),
  };
  const source = new ApiKeySource(parts);
  sources.push(source);
  return { source, clock, faults };
}

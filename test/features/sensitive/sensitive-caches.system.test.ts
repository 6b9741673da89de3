// Generated servers with a real redis-server, in worlds that differ only in values of redacted fields.
import { randomBytes } from "node:crypto";
import { RESP_TYPES } from "@redis/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packed, unpacked } from "../../../runtime/src/cache/redis-level.ts";
import { Sealer } from "../../../runtime/src/sealing/sealer.ts";
import { startRedis, until } from "../../../runtime/src/testing/redis-rig.ts";
import { goldenTexts } from "../../support/archive.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const PEOPLE = "people/v1/people.proto";
const { [PEOPLE]: people = "", ...protos } = goldenTexts("emit/sensitive-caches", "proto");
const project = new GeneratedProject("sensitive-caches", protos, { ...UPSTREAMS, [PEOPLE]: people });
beforeAll(() => project.generate());
afterAll(() => project.remove());

const IDS = ["1", "2", "3"];
const MAIL = "ann@example.org";
/** An item and a catalog for each id. */
const PLAIN = 2 * IDS.length;
/** A person and a page for each id, and a gift for the mail address. */
const SEALED = 2 * IDS.length + 1;
const REPORT = "BFF_CACHE_KEYS is not set, so answers with sensitive values are kept in this process alone";
const [OLD = "", NEW = "", OTHER = ""] = [0, 1, 2].map(() => randomBytes(32).toString("base64"));
const sealerOf = (key: string): Sealer => new Sealer([Buffer.from(key, "base64")]);

type Redis = Awaited<ReturnType<typeof startRedis>>;

/** In the entries of requests that wait for the connection. The last of them may be written late. */
const CONNECTING = "until it is connected";

/** A server that is connected to Redis. */
async function served({ url, admin }: Redis, keys: string | undefined, mail = MAIL) {
  let calls = 0;
  const handlers: Handlers<{ id: string }> = {
    "people.v1.PeopleService/GetPerson": ({ id }) => {
      calls++;
      return { id, name: "ann", mail, phones: [mail], address: { city: "Rome", street: mail } };
    },
    "up.v1.ItemService/GetItem": ({ id }) => ({ id, name: id === mail ? "a gift" : `item ${id}` }),
  };
  const env = { REDIS_URL: url, ...(keys !== undefined && { BFF_CACHE_KEYS: keys }) };
  const { post, log } = await project.served("app/v1/server.ts", handlers, env);
  const before = await admin.dbSize();
  let requests = 0;
  await until(async () => {
    await post("app.v1.AppService/GetCatalog", { id: `${CONNECTING} ${randomBytes(9)} ${requests++}` });
    return (await admin.dbSize()) > before;
  });
  /** Asks for all pages. Returns the number of calls for people. */
  const pages = async (): Promise<number> => {
    const from = calls;
    for (const id of IDS)
      expect((await post("app.v1.AppService/GetPage", { id })).body).toEqual({ mail, gift: "a gift" });
    return calls - from;
  };
  const catalogs = async (): Promise<void> => {
    for (const id of IDS)
      expect((await post("app.v1.AppService/GetCatalog", { id })).body).toEqual({ name: `item ${id}` });
  };
  return { pages, catalogs, log };
}

/** Returns the entries in Redis, by name. Leases of fetches come and go. */
async function heldBy({ admin }: Redis): Promise<Map<string, Buffer>> {
  const bytes = admin.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const held = new Map<string, Buffer>();
  for (const name of (await admin.keys("*")).sort()) {
    if (name.startsWith("bff-fetch:")) continue;
    const value = (await bytes.get(name)) ?? Buffer.alloc(0);
    if (!value.includes(CONNECTING)) held.set(name, value);
  }
  return held;
}

/** Returns all that a new Redis holds after the same requests of a server. */
async function world(keys: string | undefined, mail = MAIL) {
  const redis = await startRedis();
  const { pages, catalogs, log } = await served(redis, keys, mail);
  await redis.admin.flushAll();
  // Pages first: their entries would be there before those of catalogs.
  expect(await pages()).toBe(IDS.length);
  await catalogs();
  await until(async () => (await heldBy(redis)).size >= (keys === undefined ? PLAIN : PLAIN + SEALED));
  return { redis, held: await heldBy(redis), pages, log };
}

/** Returns the contents of all sealed entries, by name. */
function opened(held: ReadonlyMap<string, Buffer>, sealer: Sealer): Map<string, string> {
  const contents = new Map<string, string>();
  for (const [name, value] of held) {
    const { key = "", answer = value } = unpacked(value) ?? {};
    const content = sealer.openBytes(answer, key)?.toString("latin1");
    if (content !== undefined) contents.set(name, content);
  }
  return contents;
}

test("without keys, Redis holds no byte that depends on a redacted field, and the process reuses answers", async () => {
  const [ann, bea] = [await world(undefined), await world(undefined, "bea@example.com")];
  expect(ann.held).toEqual(bea.held);
  expect(ann.held.size).toBe(PLAIN);
  expect([...ann.held.values()].filter((value) => value.includes("item 1"))).toHaveLength(2);
  expect([await ann.pages(), await bea.pages()]).toEqual([0, 0]);
  expect(ann.log().split(REPORT)).toHaveLength(2);
});

test("with keys, entries are unreadable before they are opened, and equal afterwards", async () => {
  const [first, second] = [await world(NEW), await world(`${NEW},${OLD}`)];
  const [found, again] = [first, second].map(({ held }) => opened(held, sealerOf(NEW)));
  expect(found?.size).toBe(SEALED);
  expect(again).toEqual(found);
  expect([...(found?.values() ?? [])].filter((content) => content.includes(MAIL))).toHaveLength(SEALED);
  for (const { held, log } of [first, second]) {
    expect(held.size).toBe(PLAIN + SEALED);
    for (const value of held.values()) expect(value.toString("latin1")).not.toMatch(/ann@example|a gift/);
    expect(log()).not.toContain("BFF_CACHE_KEYS");
  }
  const seals = [...(found?.keys() ?? [])].map((name) =>
    second.held.get(name)?.equals(first.held.get(name) ?? Buffer.alloc(0)),
  );
  expect(new Set(seals)).toEqual(new Set([false]));
});

test("processes with the keys share entries, also while keys rotate; other processes miss them", async () => {
  const { redis } = await world(OLD);
  const calls = async (keys: string | undefined) => (await served(redis, keys)).pages();
  expect(await calls(OLD)).toBe(0);
  expect(await calls(`${NEW},${OLD}`)).toBe(0);
  expect(await calls(undefined)).toBe(IDS.length);
  expect(await calls(OTHER)).toBe(IDS.length);
  // The key of the entries is dropped.
  expect(await calls(NEW)).toBe(IDS.length);
});

test("no changed bit, and no entry of another name, is served", async () => {
  const { redis, held } = await world(NEW);
  const sealer = sealerOf(NEW);
  const sealed = [...opened(held, sealer).keys()];
  const put = async (name: string, answer: Uint8Array, lifeMs: number): Promise<void> => {
    await redis.admin.set(name, packed(name.slice("bff2:".length), answer, lifeMs), { KEEPTTL: true });
  };
  for (const name of sealed) {
    const { answer = Buffer.alloc(0), lifeMs = 0 } = unpacked(held.get(name) ?? Buffer.alloc(0)) ?? {};
    const flipped = Buffer.from(answer);
    const at = randomBytes(4).readUInt32BE() % (8 * flipped.length);
    flipped[at >> 3]! ^= 1 << (at & 7);
    await put(name, flipped, lifeMs);
  }
  expect(opened(await heldBy(redis), sealer).size).toBe(0);
  expect(await (await served(redis, NEW)).pages()).toBe(IDS.length);
  // Its entries would otherwise replace those that follow.
  await until(async () => opened(await heldBy(redis), sealer).size === SEALED);
  for (const [i, name] of sealed.entries()) {
    const next = unpacked(held.get(sealed[(i + 1) % sealed.length] ?? "") ?? Buffer.alloc(0));
    await put(name, next?.answer ?? Buffer.alloc(0), next?.lifeMs ?? 0);
  }
  expect(await (await served(redis, NEW)).pages()).toBe(IDS.length);
});

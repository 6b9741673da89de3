// Generated servers with a real redis-server, in two worlds that differ only in values of redacted fields.
import { RESP_TYPES } from "@redis/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis, until } from "../runtime/src/testing/redis-rig.ts";
import { goldenTexts } from "./support/archive.ts";
import { GeneratedProject, type Handlers } from "./support/generated-project.ts";
import { UPSTREAMS } from "./support/golden.ts";

const PEOPLE = "people/v1/people.proto";
const { [PEOPLE]: people = "", ...protos } = goldenTexts("emit/sensitive-caches", "proto");
const project = new GeneratedProject("sensitive-caches", protos, { ...UPSTREAMS, [PEOPLE]: people });
beforeAll(() => project.generate());
afterAll(() => project.remove());

const IDS = ["1", "2", "3"];

/** Returns all that Redis holds after the same requests, and the number of calls for people. */
async function world(mail: string) {
  const { url: redis, admin } = await startRedis();
  let calls = 0;
  const handlers: Handlers<{ id: string }> = {
    "people.v1.PeopleService/GetPerson": ({ id }) => {
      calls++;
      return { id, name: "ann", mail, phones: [mail], address: { city: "Rome", street: mail } };
    },
    "up.v1.ItemService/GetItem": ({ id }) => ({ id, name: id === mail ? "a gift" : `item ${id}` }),
  };
  const { post } = await project.served("app/v1/server.ts", handlers, { REDIS_URL: redis });
  let requests = 0;
  await until(async () => {
    await post("app.v1.AppService/GetCatalog", { id: `until it is connected ${requests++}` });
    return (await admin.dbSize()) > 0;
  });
  await admin.flushAll();
  // Pages first: their entries would be there before those of catalogs.
  for (const id of [...IDS, ...IDS])
    expect((await post("app.v1.AppService/GetPage", { id })).body).toEqual({ mail, gift: "a gift" });
  for (const id of IDS)
    expect((await post("app.v1.AppService/GetCatalog", { id })).body).toEqual({ name: `item ${id}` });
  await until(async () => (await admin.dbSize()) >= 2 * IDS.length);
  const bytes = admin.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const held = new Map<string, string>();
  for (const key of (await admin.keys("*")).sort()) held.set(key, (await bytes.get(key))?.toString("latin1") ?? "");
  return { held, calls };
}

test("Redis holds no byte that depends on a redacted field; the process still reuses such answers", async () => {
  const [ann, bea] = [await world("ann@example.org"), await world("bea@example.com")];
  expect(ann.held).toEqual(bea.held);
  // One item and one catalog for each id.
  expect(ann.held.size).toBe(2 * IDS.length);
  expect([...ann.held.values()].filter((value) => value.includes("item 1"))).toHaveLength(2);
  expect([ann.calls, bea.calls]).toEqual([IDS.length, IDS.length]);
});

// Whole answers in a real redis-server, which processes share.
import { create, type Message } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import { Cache } from "../cache/cache.ts";
import { RedisLevel } from "../cache/redis-level.ts";
import { Upstream } from "../call/upstream.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import { OneClient } from "../redis/one-client.ts";
import { FakeClient } from "../testing/fake-client.ts";
import { page } from "../testing/front.ts";
import { Front, type Page, ShowRequestSchema, Upstream as UpstreamService } from "../testing/gen/test_pb.ts";
import { startRedis, until } from "../testing/redis-rig.ts";

/** A separate process; its title is the caller that the upstream received, and the number of calls. */
function bff(url: string, name: string, plan = "1") {
  const level = new RedisLevel((failed) => new OneClient(url, "", failed));
  onTestFinished(() => level.close());
  const client = new FakeClient((sent) => sent.thing({ tags: [`${name} ${client.sent.length}`] }));
  const app = { get: new Upstream("test.v1.Upstream", client, {}).unary(UpstreamService.method.get, {}) };
  const { run } = endpoint(Front.method.show, app, {
    timeoutMs: 5_000,
    cache: { answers: new Cache({ second: level }), ttlMs: 60_000, plan, headers: ["accept-language"] },
    compose: async (cx, { id }) => page({ title: (await cx.call(cx.app.get, { id })).tags[0] ?? "" }),
  });
  const title = (language: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = new Headers({ "accept-language": language });
      const done = (message: Message): void => resolve((message as Page).title);
      run(create(ShowRequestSchema, { id: "a" }), headers, undefined, done, reject);
    });
  return { title, client };
}

test("one process answers with the response of another, for the same plan only; keys are opaque", async () => {
  const { url, admin } = await startRedis();
  const [nodeA, nodeB, later] = [bff(url, "one"), bff(url, "two"), bff(url, "later", "2")];
  // Until both are connected, and while Redis is slow, each composes for itself.
  let [requestCount, language] = [0, ""];
  await until(async () => {
    language = `de-${requestCount++}`;
    const composed = await nodeA.title(language);
    const before = nodeB.client.sent.length;
    return (await nodeB.title(language)) === composed && nodeB.client.sent.length === before;
  });
  const keyCount = await admin.dbSize();
  await until(async () => {
    await later.title(`fr-${requestCount++}`);
    return (await admin.dbSize()) > keyCount;
  });
  expect(await later.title(language)).toMatch(/^later /);
  const keys = await admin.keys("*");
  expect(keys.length).toBeGreaterThan(keyCount);
  for (const key of keys) {
    expect(key).toMatch(/^bff2:[A-Za-z0-9+/]{43}=$/);
    expect(await admin.pTTL(key)).toBeLessThanOrEqual(60_000);
  }
});

test("a hanging second level prevents no answer", async () => {
  const redis = await startRedis();
  const alone = bff(redis.url, "alone");
  await until(async () => (await alone.title(`${Math.random()}`)) !== "" && (await redis.admin.dbSize()) > 0);
  redis.hang();
  try {
    const before = alone.client.sent.length;
    expect(await alone.title("it")).toBe(`alone ${before + 1}`);
    expect(await alone.title("it")).toBe(`alone ${before + 1}`);
  } finally {
    redis.wake();
  }
});

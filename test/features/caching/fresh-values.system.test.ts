// Generated servers with a real redis-server as second level of their caches: a fresh field shows calls of its request
// beside a field from Redis, and GET answers are revalidated.
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startRedis, until } from "../../../runtime/src/testing/redis-rig.ts";
import { goldenTexts } from "../../support/archive.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";

const project = new GeneratedProject("fresh", goldenTexts("emit/fresh", "proto"));
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("fresh fields of two servers never show an answer from Redis; other fields do", async () => {
  const { url: redis, admin } = await startRedis();
  let calls = 0;
  const handlers: Handlers<{ id: string }> = {
    "up.v1.OrderService/GetOrder": ({ id }) => ({ id, itemId: `item of ${id}`, paid: true }),
    "up.v1.ItemService/GetItem": ({ id }) => ({ id, name: `${++calls}` }),
  };
  const servers = await Promise.all(
    [1, 2].map(() => project.served("app/v1/server.ts", handlers, { REDIS_URL: redis })),
  );
  const pageOf = async (server: (typeof servers)[number] | undefined, id: string) => {
    const before = calls;
    const { body } = (await server?.post("app.v1.AppService/GetPage", { id })) ?? {};
    const { name, owner } = body as { name: string; owner: string };
    expect(Number(name)).toBeGreaterThan(before);
    return { owner: Number(owner), before };
  };
  const [first, second] = servers;
  // Until both are connected, the second server calls for itself.
  let requests = 0;
  await until(async () => {
    const id = `order ${requests++}`;
    await pageOf(first, id);
    const { owner, before } = await pageOf(second, id);
    return owner <= before;
  });
  expect(await admin.dbSize()).toBeGreaterThan(0);
  for (let i = 0; i < 20; i++) expect((await pageOf(servers[i % 2], "order 0")).owner).toBeGreaterThan(0);
});

test("HTTP caches revalidate an answer with a fresh field, and keep another", async () => {
  const handlers: Handlers<{ id: string }> = {
    "up.v1.OrderService/GetOrder": ({ id }) => ({ id, itemId: id, paid: true }),
    "up.v1.ItemService/GetItem": ({ id }) => ({ id, name: "a" }),
  };
  const { url, stop } = await project.served("app/v1/server.ts", handlers);
  onTestFinished(() => void stop());
  const get = (rpc: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${url}/app.v1.AppService/${rpc}?connect=v1&encoding=json&message=${encodeURIComponent('{"id":"7"}')}`, {
      headers,
    });
  const page = await get("GetPage");
  expect(page.headers.get("cache-control")).toBe("private, no-cache");
  const etag = page.headers.get("etag") ?? "";
  expect((await get("GetPage", { "if-none-match": etag })).status).toBe(304);
  expect((await get("GetCatalog")).headers.get("cache-control")).toBe("private, max-age=30, stale-while-revalidate=60");
});

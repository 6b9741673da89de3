// Holds docs/runtime.md#caching
// Servers that share one Redis: one of them fetches an answer, and the others wait for it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../../runtime/src/testing/ports.ts";
import { startRedis, until } from "../../../runtime/src/testing/redis-rig.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const PROTO = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { timeout: "4s" };
  }
  rpc GetWhole(GetRequest) returns (Whole) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { timeout: "4s" cache: { ttl: "10m" } };
  }
}
message GetRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = {
    name: "item" call: {
      method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } timeout: "3s"
      cache: { ttl: "10m" tag: "item:{args.id}" }
    }
  };
  string title = 1 [(bff.v1.field).by = "item.name"];
}
message Whole {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } timeout: "3s" }
  };
  string title = 1 [(bff.v1.field).by = "item.name"];
}
`;
const project = new GeneratedProject("single-fetch", { "shop/v1/shop.proto": PROTO });
beforeAll(() => project.generate());
afterAll(() => project.remove());

/** Servers of one Redis, and the calls that have reached the upstream, by keys. Keys that begin with "hang" hang. */
async function started(count: number) {
  const redis = await startRedis();
  const calls = new Map<string, number>();
  const handlers = {
    "up.v1.ItemService/GetItem": async ({ id }: { id: string }) => {
      const earlier = calls.get(id) ?? 0;
      calls.set(id, earlier + 1);
      if (id.startsWith("hang")) await new Promise(() => {});
      if (id.startsWith("first hangs") && earlier === 0) await new Promise(() => {});
      return { id, name: `${id} ${earlier + 1}` };
    },
  };
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const admin = await freePort();
      const env = { REDIS_URL: redis.url, BFF_ADMIN_PORT: `${admin}` };
      return { ...(await project.served("shop/v1/server.ts", handlers, env)), admin };
    }),
  );
  const get = async (server: (typeof servers)[number], rpc: string, id: string): Promise<string> =>
    String((await server.post(`shop.v1.ShopService/${rpc}`, { id })).body.title);
  /** Requests a key that none has had from all servers at once. Returns their titles, and the number of calls. */
  let keys = 0;
  const round = async (rpc: string) => {
    const id = `${rpc} ${keys++}`;
    const titles = await Promise.all(servers.map((server) => get(server, rpc, id)));
    return { titles: new Set(titles).size, calls: calls.get(id) ?? 0 };
  };
  for (const rpc of ["GetPage", "GetWhole"]) await until(async () => (await round(rpc)).calls === 1);
  const waits = async (server: (typeof servers)[number], end: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${server.admin}/metrics`)).text();
    return Number(new RegExp(`^bff_cache_waits_total\\{end="${end}"\\} (\\d+)$`, "m").exec(text)?.[1]);
  };
  return { servers, calls, get, round, waits };
}

test("six servers fetch a key once, for a call and for a whole answer", { timeout: 120_000 }, async () => {
  const { servers, round, waits } = await started(6);
  const rounds = [];
  for (let i = 0; i < 20; i++) rounds.push(await round(i % 2 === 0 ? "GetPage" : "GetWhole"));
  // A wait ends early only without a reply of Redis within 50 ms, which a busy machine may cause.
  const away = (await Promise.all(servers.map((server) => waits(server, "away")))).reduce((a, b) => a + b);
  const more = rounds.reduce((sum, { calls }) => sum + calls - 1, 0);
  expect(more).toBeLessThanOrEqual(away);
  if (more === 0) expect(rounds.every(({ titles }) => titles === 1)).toBe(true);
  const found = (await Promise.all(servers.map((server) => waits(server, "found")))).reduce((a, b) => a + b);
  expect(found).toBeGreaterThan(0);
});

test("a killed server delays others by half of their time, and a hanging upstream gets one call of each", async () => {
  const { servers, calls, get } = await started(3);
  const [first, second, third] = servers as [(typeof servers)[0], (typeof servers)[0], (typeof servers)[0]];
  const lost = get(first, "GetPage", "first hangs").catch(() => "lost");
  await until(() => calls.get("first hangs") === 1);
  const titles = [second, third].map((server) => get(server, "GetPage", "first hangs"));
  first.kill();
  expect(await lost).toBe("lost");
  for (const title of await Promise.all(titles)) expect(title).toMatch(/^first hangs [23]$/);
  expect(calls.get("first hangs")).toBeLessThanOrEqual(3);

  await Promise.all([second, third].map((server) => get(server, "GetPage", "hang")));
  expect(calls.get("hang")).toBe(2);
}, 120_000);

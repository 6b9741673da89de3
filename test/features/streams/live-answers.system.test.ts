// Live answers after a purge of another process, by a real redis-server, and after events, by a real nats-server.
// Holds docs/streams.md#live-answers
import type { DescMethodServerStreaming, Message } from "@bufbuild/protobuf";
import { events, follow } from "@protobff/client";
import { startNats } from "@protobff/runtime/internal/testing/nats-rig";
import { startRedis, until } from "@protobff/runtime/internal/testing/redis-rig";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {
    topic: { name: "item" type: "up.v1.Item" subject: "items.{key}.events" jetstream: "ITEMS" }
  };
  rpc WatchOrder(WatchRequest) returns (stream OrderPage) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = { live: { on: "order:{args.id}" } min_interval: "10ms" };
  }
  rpc WatchStock(WatchRequest) returns (stream StockPage) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = { live: { follow: { topic: "item" key: "args.id" } } min_interval: "10ms" };
  }
}
message WatchRequest { string id = 1; }
message OrderPage {
  option (bff.v1.message).let = {
    name: "order"
    call: {
      method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" }
      cache: { ttl: "1h" tag: "order:{answer.id}" }
    }
  };
  int32 count = 1 [(bff.v1.field).by = "order.count"];
}
message StockPage {
  option (bff.v1.message).let = {
    name: "order" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } }
  };
  int32 count = 1 [(bff.v1.field).by = "order.count"];
}
`,
};
const project = new GeneratedProject("live-processes", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("a purge of one process leads to the new answer of another, also after Redis or a process was away", async () => {
  const redis = await startRedis();
  let count = 1;
  const handlers = { "up.v1.OrderService/GetOrder": ({ id }: { id: string }) => ({ id, count }) };
  const BFF_PURGE_TOKEN = "0123456789abcdef";
  const admin = { BFF_ADMIN_PORT: "0", BFF_ADMIN_HOST: "127.0.0.1", BFF_PURGE_TOKEN };
  const env = { ...admin, REDIS_URL: redis.url, NATS_URL: "nats://127.0.0.1:1" };
  const [follower, other] = [
    await project.served("shop/v1/server.ts", handlers, env),
    await project.served("shop/v1/server.ts", handlers, env),
  ];
  const purge = async (): Promise<number> => {
    const headers = { authorization: `Bearer ${BFF_PURGE_TOKEN}` };
    const body = JSON.stringify({ tags: ["order:7"] });
    return (await fetch(new URL("/purge", other.metrics), { method: "POST", headers, body })).status;
  };
  const { seen, leave } = watch("watchOrder", follower.url);
  await until(async () => seen.at(-1) === 1);
  count = 2;
  await until(async () => (await purge()) === 200);
  await until(async () => seen.at(-1) === 2);
  await redis.stop();
  count = 3;
  await redis.start();
  await until(async () => (await purge()) === 200);
  await until(async () => seen.at(-1) === 3);
  // Redis stands still, and so does the follower's process.
  redis.hang();
  count = 4;
  await until(async () => (await purge()) !== 200);
  redis.wake();
  await until(async () => (await purge()) === 200);
  await until(async () => seen.at(-1) === 4);
  follower.kill("SIGSTOP");
  count = 5;
  await until(async () => (await purge()) === 200);
  expect(seen.at(-1)).toBe(4);
  follower.kill("SIGCONT");
  await until(async () => seen.at(-1) === 5);
  expect(seen).toEqual([...seen].sort());
  await leave();
}, 60_000);

test("an event leads to a new answer, and so it does after nats-server was killed or stood still", async () => {
  const nats = await startNats();
  await nats.start();
  const { connection, add } = await nats.admin();
  await add("ITEMS");
  let count = 1;
  const handlers = { "up.v1.OrderService/GetOrder": ({ id }: { id: string }) => ({ id, count }) };
  const { url } = await project.served("shop/v1/server.ts", handlers, { NATS_URL: nats.url });
  const { seen, leave } = watch("watchStock", url);
  const changes = async (to: number): Promise<void> => {
    count = to;
    await until(async () => {
      connection.publish("items.7.events", new Uint8Array());
      return seen.at(-1) === to;
    });
  };
  await until(async () => seen.at(-1) === 1);
  await changes(2);
  await nats.stop();
  expect(seen.at(-1)).toBe(2);
  await nats.start();
  await changes(3);
  nats.hang();
  connection.publish("items.7.events", new Uint8Array());
  expect(seen.at(-1)).toBe(3);
  nats.wake();
  await changes(4);
  expect(seen).toEqual([1, 2, 3, 4]);
  await leave();
}, 60_000);

/** Follows an rpc of the server, and collects the counts of its answers. */
function watch(name: string, baseUrl: string) {
  const { registry } = schemaOf(requestFor({ ...UPSTREAMS, ...PROTOS }));
  const method = registry.getService("shop.v1.ShopService")?.method[name] as DescMethodServerStreaming;
  const leaving = new AbortController();
  const over = events({ baseUrl });
  const seen: number[] = [];
  const following = (async () => {
    for await (const { message } of follow(method, { id: "7" } as never, { over, signal: leaving.signal }))
      seen.push((message as Message & { count: number }).count);
  })().catch(() => undefined);
  const leave = async (): Promise<void> => {
    leaving.abort();
    await following;
  };
  return { seen, leave };
}

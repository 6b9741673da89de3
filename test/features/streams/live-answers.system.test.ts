// A live answer of one process after a purge of another one, by a real redis-server.
// Holds docs/streams.md#live-answers
import type { DescMethodServerStreaming, Message } from "@bufbuild/protobuf";
import { events, follow } from "@protobff/client";
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
  option (bff.v1.service) = {};
  rpc WatchOrder(WatchRequest) returns (stream OrderPage) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = { live: { on: "order:{args.id}" } min_interval: "10ms" };
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
`,
};
const project = new GeneratedProject("live-processes", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("a purge of one process leads to the new answer of another, and so it does after a restart of Redis", async () => {
  const redis = await startRedis();
  let count = 1;
  const handlers = { "up.v1.OrderService/GetOrder": ({ id }: { id: string }) => ({ id, count }) };
  const BFF_PURGE_TOKEN = "0123456789abcdef";
  const admin = { BFF_ADMIN_PORT: "0", BFF_ADMIN_HOST: "127.0.0.1", BFF_PURGE_TOKEN };
  const env = { ...admin, REDIS_URL: redis.url };
  const [follower, other] = [
    await project.served("shop/v1/server.ts", handlers, env),
    await project.served("shop/v1/server.ts", handlers, env),
  ];
  const purge = async (): Promise<number> => {
    const headers = { authorization: `Bearer ${BFF_PURGE_TOKEN}` };
    const body = JSON.stringify({ tags: ["order:7"] });
    return (await fetch(new URL("/purge", other.metrics), { method: "POST", headers, body })).status;
  };
  const { registry } = schemaOf(requestFor({ ...UPSTREAMS, ...PROTOS }));
  const method = registry.getService("shop.v1.ShopService")?.method.watchOrder as DescMethodServerStreaming;
  const leaving = new AbortController();
  const over = events({ baseUrl: follower.url });
  const seen: number[] = [];
  const following = (async () => {
    for await (const { message } of follow(method, { id: "7" } as never, { over, signal: leaving.signal }))
      seen.push((message as Message & { count: number }).count);
  })().catch(() => undefined);
  await until(async () => seen.at(-1) === 1);
  count = 2;
  await until(async () => (await purge()) === 200);
  await until(async () => seen.at(-1) === 2);
  await redis.stop();
  count = 3;
  await redis.start();
  await until(async () => (await purge()) === 200);
  await until(async () => seen.at(-1) === 3);
  expect(seen).toEqual([...seen].sort());
  leaving.abort();
  await following;
}, 60_000);

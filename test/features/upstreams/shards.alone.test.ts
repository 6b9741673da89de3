// Three servers hold a part of the data each: calls, batches and streams follow their keys, and a lost server fails its keys alone.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Shards } from "../../../runtime/src/call/shards.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const ORDERS = `syntax = "proto3";
package orders.v1;
service OrderService {
  rpc GetOrder(GetOrderRequest) returns (Order) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc BatchGetOrders(BatchGetOrdersRequest) returns (Orders) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc CountOrders(CountOrdersRequest) returns (Count) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetOrderRequest { string tenant = 1; string id = 2; }
message BatchGetOrdersRequest { repeated string ids = 1; string tenant = 2; }
message CountOrdersRequest { string tenant = 1; }
message Order { string id = 1; string shard = 2; }
message Orders { repeated Order orders = 1; }
message Count { int32 count = 1; string shard = 2; }
`;
const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
option (bff.v1.file).upstream = {
  service: "orders.v1.OrderService"
  retry: { attempts: 1 }
  shard: { by: "request.tenant" max: 4 }
};
service ShopService {
  option (bff.v1.service) = {};
  rpc GetOrder(GetOrderRequest) returns (OrderPage);
  rpc GetOrders(GetOrdersRequest) returns (OrdersPage);
  rpc CountOrders(CountRequest) returns (CountPage);
  rpc CountIn(CountInRequest) returns (CountInPage);
}
message GetOrderRequest { string tenant = 1; string id = 2; }
message GetOrdersRequest { string tenant = 1; repeated string ids = 2; }
message CountRequest { string tenant = 1; }
message CountInRequest { string shard = 1; }
message OrderPage {
  option (bff.v1.message).let = {
    name: "order"
    call: { method: "orders.v1.OrderService/GetOrder" set: { spread: "args" } }
  };
  string shard = 1 [(bff.v1.field).by = "order.shard"];
}
message OrdersPage {
  option (bff.v1.message) = { let: [
    // By the tenant, as all of its orders are in one place.
    {
      name: "own"
      each: {
        var: "id" in: "args.ids" max: 100
        call: {
          method: "orders.v1.OrderService/BatchGetOrders"
          set: { name: "tenant" by: "args.tenant" }
          batch: { name: "ids" by: "id" items: "orders" key: "id" }
          shard: { by: "args.tenant" }
        }
      }
    },
    // By the id of each.
    {
      name: "spread"
      each: {
        var: "id" in: "args.ids" max: 100 partial: true
        call: {
          method: "orders.v1.OrderService/BatchGetOrders"
          batch: { name: "ids" by: "id" items: "orders" key: "id" max: 50 }
          shard: { by: "id" }
        }
      }
    }
  ] };
  repeated string own = 1 [(bff.v1.field).by = "own.map(o, o.shard)"];
  map<string, string> spread = 2 [(bff.v1.field).by = "spread.transformMapEntry(_, o, {o.id: o.shard})"];
  repeated bff.v1.Degradation degraded = 3;
}
message CountPage {
  option (bff.v1.message).let = {
    name: "counts"
    each: {
      var: "s" in: "shard.names('orders.v1.OrderService')" partial: true
      call: {
        method: "orders.v1.OrderService/CountOrders"
        set: { name: "tenant" by: "args.tenant" }
        shard: { name: "s" }
      }
    }
  };
  int32 count = 1 [(bff.v1.field).by = "counts.map(c, c.count).sum()"];
  repeated string shards = 2 [(bff.v1.field).by = "counts.map(c, c.shard)"];
  repeated bff.v1.Degradation degraded = 3;
}
message CountInPage {
  option (bff.v1.message).let = {
    name: "here"
    call: { method: "orders.v1.OrderService/CountOrders" shard: { name: "args.shard" } }
  };
  int32 count = 1 [(bff.v1.field).by = "here.count"];
}
`;
const project = new GeneratedProject(
  "shards",
  { "shop/v1/shop.proto": SHOP },
  { ...UPSTREAMS, "orders/v1/orders.proto": ORDERS },
);
beforeAll(() => project.generate());
afterAll(() => project.remove());

const NAMES = ["a", "b", "c"] as const;
const rule = new Shards(new Map(NAMES.map((name) => [name, name])), "rendezvous");

/** @param down a shard that refuses each call */
async function served(down?: string) {
  const batches: string[][] = [];
  const up = <T>(name: string, answer: T): T => {
    if (name === down) throw new Error("down");
    return answer;
  };
  const urls = await Promise.all(
    NAMES.map(async (shard) => {
      const url = await project.upstream({
        "orders.v1.OrderService/GetOrder": ({ id }: { id: string }) => up(shard, { id, shard }),
        "orders.v1.OrderService/CountOrders": () => up(shard, { count: 1, shard }),
        "orders.v1.OrderService/BatchGetOrders": ({ ids }: { ids: string[] }) => {
          batches.push([shard, ...ids]);
          return up(shard, { orders: ids.map((id) => ({ id, shard })) });
        },
      });
      return [`ORDERS_V1_ORDERSERVICE_${shard.toUpperCase()}_URL`, url] as const;
    }),
  );
  const env = { ORDERS_V1_ORDERSERVICE_SHARDS: NAMES.join(","), ...Object.fromEntries(urls) };
  const server = await project.served("shop/v1/server.ts", {}, env);
  return {
    ...server,
    batches,
    call: (name: string, request: object) => server.post(`shop.v1.ShopService/${name}`, request),
  };
}
const some = (of: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${of}-${i}`);

test("compiles as strictly as this repository", () => {
  expect(project.typeChecked()).toBe("");
});

test("calls, batches and a scatter reach the shards of their keys", async () => {
  const { call, batches } = await served();
  const tenants = some("tenant", 60);
  expect(new Set(tenants.map((tenant) => rule.nameOf(tenant))).size).toBe(3);
  for (const tenant of tenants)
    expect((await call("GetOrder", { tenant, id: "1" })).body).toEqual({ shard: rule.nameOf(tenant) });
  expect((await call("CountOrders", { tenant: "t" })).body).toEqual({ count: 3, shards: ["a", "b", "c"] });
  expect((await call("CountIn", { shard: "b" })).body).toEqual({ count: 1 });
  const unknown = await call("CountIn", { shard: "d" });
  expect([unknown.status, JSON.stringify(unknown.body)]).toEqual([500, expect.not.stringContaining('"d"')]);

  const ids = some("order", 20);
  const { body } = await call("GetOrders", { tenant: "tenant-1", ids });
  expect(body).toEqual({
    own: ids.map(() => rule.nameOf("tenant-1")),
    spread: Object.fromEntries(ids.map((id) => [id, rule.nameOf(id)])),
  });
  // One call for the tenant, and one for each shard.
  const expected = NAMES.map((name) => [name, ...ids.filter((id) => rule.nameOf(id) === name)]);
  expect(batches.toSorted()).toEqual([...expected, [rule.nameOf("tenant-1"), ...ids]].toSorted());
});

test("a lost shard fails its keys alone", async () => {
  const { call } = await served("b");
  for (const tenant of some("tenant", 30)) {
    const { status } = await call("GetOrder", { tenant, id: "1" });
    expect(status === 200).toBe(rule.nameOf(tenant) !== "b");
  }
  const counted = await call("CountOrders", { tenant: "t" });
  expect(counted.body).toMatchObject({
    count: 2,
    shards: ["a", "c"],
    degraded: [expect.anything(), expect.anything()],
  });
  const tenant = some("tenant", 9).find((name) => rule.nameOf(name) === "a");
  const ids = some("order", 20);
  const { body } = await call("GetOrders", { tenant, ids });
  const rest = ids.filter((id) => rule.nameOf(id) !== "b");
  expect(body).toMatchObject({ spread: Object.fromEntries(rest.map((id) => [id, rule.nameOf(id)])) });
});

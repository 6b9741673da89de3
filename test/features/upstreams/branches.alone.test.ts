// Branches of a generated server over real upstreams: how many go there, who stays there, and what becomes of the others when it is down.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shareOf } from "../../../runtime/src/expressions/share.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file).upstream = {
  service: "up.v1.ItemService"
  breaker: { minimum: 5 }
  retry: { attempts: 1 }
  branch: [
    { name: "canary" share: 0.2 by: "headers['x-tenant']" },
    { name: "dice" if: "headers['x-tenant'] == ''" share: 0.3 }
  ]
};
option (bff.v1.file).upstream = { branch: { name: "dice" if: "headers['x-tenant'] == ''" share: 0.3 } };
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetCached(GetPageRequest) returns (Cached) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } },
    {
      name: "others"
      each: { var: "id" in: "['x', 'y']" call: { method: "up.v1.ItemService/BatchGetItems" batch: { name: "ids" by: "id" items: "items" key: "id" } } }
    },
    { name: "order" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }
  ] };
  string item = 1 [(bff.v1.field).by = "item.name"];
  repeated string others = 2 [(bff.v1.field).by = "others.map(o, o.name)"];
  string order = 3 [(bff.v1.field).by = "order.id"];
}
message Cached {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } cache: { ttl: "1h" } }
  };
  string item = 1 [(bff.v1.field).by = "item.name"];
}
`,
};
const project = new GeneratedProject("branches", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());

/** A side of all upstreams, which says its name. */
const side = (name: string) => ({
  "up.v1.ItemService/GetItem": () => ({ name }),
  "up.v1.ItemService/BatchGetItems": ({ ids }: { ids: string[] }) => ({ items: ids.map((id) => ({ id, name })) }),
  "up.v1.OrderService/GetOrder": () => ({ id: name }),
});
const NOWHERE = "http://127.0.0.1:1";

async function served(env: (sides: { canary: string; dice: string }) => Readonly<Record<string, string>>) {
  const sides = { canary: await project.upstream(side("canary")), dice: await project.upstream(side("dice")) };
  const server = await project.served("shop/v1/server.ts", side("main"), env(sides));
  const send = (tenant: string, rpc = "GetPage") =>
    server.post(`shop.v1.ShopService/${rpc}`, { id: "1" }, { headers: { "x-tenant": tenant } });
  return { send, log: server.log };
}
const all = ({ canary, dice }: { canary: string; dice: string }) => ({
  UP_V1_ITEMSERVICE_CANARY_URL: canary,
  UP_V1_ITEMSERVICE_DICE_URL: dice,
  UP_V1_ORDERSERVICE_DICE_URL: dice,
});
const tenants = (count: number) => Array.from({ length: count }, (_, i) => `tenant-${i}`);

describe("a server with branches", () => {
  test("compiles as strictly as this repository", () => {
    expect(project.typeChecked()).toBe("");
  });
  test("sends all calls of a tenant to the side that its hash selects, in every process", async () => {
    const servers = [await served(all), await served(all)];
    let there = 0;
    for (const tenant of tenants(200)) {
      const expected = shareOf("canary", tenant) < 0.2 ? "canary" : "main";
      if (expected === "canary") there++;
      for (const { send } of servers) {
        const { body } = await send(tenant);
        expect(body).toEqual({ item: expected, others: [expected, expected], order: "main" });
      }
    }
    expect(there).toBeGreaterThan(20);
    expect(there).toBeLessThan(60);
  });
  test("draws a side for each request, once for both of its upstreams", async () => {
    const { send } = await served(all);
    let there = 0;
    for (let i = 0; i < 500; i++) {
      const { body } = await send("");
      expect(body).toEqual({ item: body.item, others: [body.item, body.item], order: body.item });
      if (body.item === "dice") there++;
      else expect(body.item).toBe("main");
    }
    expect(there).toBeGreaterThan(95); // 150, six standard deviations away
    expect(there).toBeLessThan(205);
  });
  test("keeps the caches of both sides apart", async () => {
    const { send } = await served(all);
    for (const tenant of [...tenants(60), ...tenants(60)]) {
      const { body } = await send(tenant, "GetCached");
      expect(body.item).toBe(shareOf("canary", tenant) < 0.2 ? "canary" : "main");
    }
  });
  test("fails only the requests of a broken canary, and logs its breaker with the branch", async () => {
    const { send, log } = await served(({ dice }) => ({ ...all({ canary: NOWHERE, dice }) }));
    for (const tenant of tenants(120)) {
      const { status } = await send(tenant);
      expect(status).toBe(shareOf("canary", tenant) < 0.2 ? 503 : 200);
    }
    expect(log()).toMatch(/breaker of up\.v1\.ItemService, branch canary: closed -> open/);
    expect(log()).not.toMatch(/breaker of up\.v1\.ItemService: /);
  });
  test("logs once which branches are off, and sends their requests to the main side", async () => {
    const { send, log } = await served(() => ({}));
    for (const tenant of ["", ...tenants(20)]) expect((await send(tenant)).body.item).toBe("main");
    expect(log().match(/3 branches are off: .*/g)).toEqual([
      "3 branches are off: UP_V1_ITEMSERVICE_CANARY_URL, UP_V1_ITEMSERVICE_DICE_URL, UP_V1_ORDERSERVICE_DICE_URL are not set",
    ]);
  });
  test("does not start with the certificate of a branch that has no address", () => {
    const { status, stderr } = project.start("shop/v1/server.ts", {
      UP_V1_ITEMSERVICE_URL: NOWHERE,
      UP_V1_ORDERSERVICE_URL: NOWHERE,
      UP_V1_ITEMSERVICE_CANARY_CA_FILE: "/nowhere.pem",
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /UP_V1_ITEMSERVICE_CANARY_URL is not set; write the address of branch canary of up\.v1\.ItemService/,
    );
  });
});

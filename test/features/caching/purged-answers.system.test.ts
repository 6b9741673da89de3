// Events of a real nats-server that purge answers of a generated server.
// Holds docs/runtime.md#caching
import { startNats } from "@protobff/runtime/internal/testing/nats-rig";
import { until } from "@protobff/runtime/internal/testing/redis-rig";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  purge: {
    subject: "items.*.events" jetstream: "ITEMS" type: "shop.v1.ItemChanged"
    tag: ["item:{event.id}", "size:{event.sizes.size()}"]
  }
};
message ItemChanged { string id = 1; repeated string sizes = 2; }
service ShopService {
  option (bff.v1.service) = {};
  rpc GetItem(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetPage(GetRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).cache = { ttl: "1h" tag: "size:2" };
  }
}
message GetRequest { string id = 1; }
message Item {
  option (bff.v1.message).let = {
    name: "item"
    call: {
      method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" }
      cache: { ttl: "1h" tag: "item:{answer.id}" }
    }
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
}
message Page {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
}
`,
};
const project = new GeneratedProject("purge-events", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("events purge answers of calls and of rpcs by the tags of a generated server", async () => {
  expect(project.typeChecked()).toBe("");
  const nats = await startNats();
  await nats.start();
  const { js, add } = await nats.admin();
  await add("ITEMS");
  let calls = 0;
  const upstreams = { "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ id, name: `${id} ${++calls}` }) };
  const { post } = await project.served("shop/v1/server.ts", upstreams, { NATS_URL: nats.url });
  const item = async (id: string) => (await post("shop.v1.ShopService/GetItem", { id })).body.name as string;
  const pageOf = async (id: string) => (await post("shop.v1.ShopService/GetPage", { id })).body.name as string;
  // `shop.v1.ItemChanged`: field 1, and twice field 2.
  const event = (id: string, ...sizes: string[]) =>
    Buffer.concat(
      [id, ...sizes].map((text, i) => Buffer.from([i === 0 ? 0x0a : 0x12, text.length, ...Buffer.from(text)])),
    );
  const stable = async (get: (id: string) => Promise<string>, id: string) => {
    let last = await get(id);
    await until(async () => {
      const before = last;
      last = await get(id);
      return last === before;
    });
    return last;
  };
  const before = { a: await stable(item, "a"), b: await stable(item, "b"), page: await stable(pageOf, "a") };
  await js.publish("items.7.events", event("a", "s"));
  await until(async () => (await item("a")) !== before.a);
  expect([await item("b"), await pageOf("a")]).toEqual([before.b, before.page]);
  await js.publish("items.7.events", event("c", "s", "m"));
  await until(async () => (await pageOf("a")) !== before.page);
  expect(await item("b")).toBe(before.b);
});

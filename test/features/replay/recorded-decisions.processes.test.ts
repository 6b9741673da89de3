// Captures of requests with copies for a mirror, with limits, and of a server with a denylist.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCapture } from "@protobff/replay";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  upstream: { service: "up.v1.ItemService" branch: { name: "next" mirror: true compare: true } }
  rate_limit: { name: "address" key: "peer.address" rate: 1000 per: "1s" }
};
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page);
  rpc GetFew(GetPageRequest) returns (Page) {
    option (bff.v1.method).rate_limit = { name: "few" key: "args.id" rate: 2 per: "1d" };
  }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
}
`;
const root = fileURLToPath(new URL("../../..", import.meta.url));
const project = new GeneratedProject("decisions", { "shop/v1/shop.proto": SHOP });
beforeAll(() => project.generate());
afterAll(() => project.remove());
const items = { "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ name: `item ${id}` }) };

test.each([
  ["without a store", {}],
  ["with a denylist", { BFF_STORE_FILE: join(project.folder, "keys.db") }],
])("requests with mirrors and limits have the captured answer, or are not comparable (%s)", async (name, store) => {
  const folder = join(project.folder, name);
  const next = await project.upstream(items);
  const { post, stop } = await project.served("shop/v1/server.ts", items, {
    ...{ BFF_CAPTURE: `all;dir=${folder}`, UP_V1_ITEMSERVICE_NEXT_URL: next },
    ...store,
  });
  const statuses: number[] = [];
  // Every twentieth call has a control pair, and at most ten copies are in flight.
  await Promise.all(Array.from({ length: 60 }, (_, i) => post("shop.v1.ShopService/GetPage", { id: `${i}` })));
  for (let i = 0; i < 3; i++) statuses.push((await post("shop.v1.ShopService/GetFew", { id: "a" })).status);
  expect(statuses).toEqual([200, 200, 429]);
  await stop();
  const file = join(folder, readdirSync(folder)[0] ?? "");
  const { requests } = readCapture(file);
  expect(requests.filter(({ incomparable }) => incomparable !== undefined)).toMatchObject([
    { method: "shop.v1.ShopService/GetFew", incomparable: "a limit has refused it" },
  ]);
  const { exitCode, stdout } = await run(["replay", file, "--server", join(project.folder, "shop/v1/server.ts")], root);
  expect([exitCode, stdout.split("\n").at(-2)]).toEqual([
    0,
    "62 of 63 requests have the captured answer and order of events, and 1 are not comparable",
  ]);
});

// Headers over the answer: a field of it that is missing leaves them out. Tags and charges do not generate (BFF810, BFF247).
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stubbed, type StubbedBff, stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service Products { rpc Get(GetRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string id = 1; }
message Product { string brand = 1; int64 units = 2; }
`;
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
service CardService {
  option (bff.v1.service) = {};
  rpc GetCard(GetCardRequest) returns (Card) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = {
      header: [
        { name: "x-units" by: "'u' + string(result.part.units)" },
        { name: "x-known" by: "ok(result.part.units) ? 'yes' : 'no'" },
        { name: "x-brand" by: "'b'" if: "result.part.brand != 'other'" },
        { name: "x-all" by: "string(result.cards.map(c, c.units).sum())" }
      ]
      cache: { ttl: "60s" tag: "brand:{ok(result.part.brand) ? result.part.brand : ''}" }
    };
  }
}
message GetCardRequest { string id = 1; }
message Card {
  option (bff.v1.message).let = { name: "part" compose: { message: "Part" args: { name: "id" by: "args.id" } } };
  option (bff.v1.message).let = {
    name: "cards" each: { var: "id" in: "['a', args.id]" compose: { message: "Part" args: { name: "id" by: "id" } } } };
  Part part = 1 [(bff.v1.field).by = "part"];
  repeated Part cards = 2 [(bff.v1.field).by = "cards"];
  repeated bff.v1.Degradation degraded = 15;
}
message Part {
  option (bff.v1.message).let = {
    name: "product" supplementary: true
    call: { method: "up.v1.Products/Get" set: { name: "id" by: "args.id" } retry: { attempts: 1 } on_error: { on: [NOT_FOUND] ignore: true } } };
  optional string brand = 1 [(bff.v1.field).by = "product.brand"];
  optional int64 units = 2 [(bff.v1.field).by = "product.units"];
}
`;

let project: Stubbed;
let bff: StubbedBff;
let calls = 0;
beforeAll(async () => {
  project = await stubbed({
    name: "missing-results",
    protos: { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF },
    targets: ["app/v1/app.proto"],
  });
  bff = await project.serve({
    stubs: {
      "up.v1.Products/Get": ({ id }) => {
        calls++;
        if (id === "down") throw new ConnectError("down", Code.Unavailable);
        if (id === "none") throw new ConnectError("none", Code.NotFound);
        return { brand: "acme", units: "7" };
      },
    },
  });
});
afterAll(async () => {
  await bff.close();
  project.remove();
});

async function card(id: string) {
  const before = calls;
  const { status, headers } = await bff.send("app.v1.CardService/GetCard", { id });
  const named = ["x-units", "x-known", "x-brand", "x-all"].flatMap((name) => headers.get(name) ?? []);
  return { status, named, calls: calls - before };
}

test("an answer with all fields has all headers, from the cache, too", async () => {
  expect(await card("b")).toEqual({ status: 200, named: ["u7", "yes", "b", "14"], calls: 2 });
  expect(await card("b")).toEqual({ status: 200, named: ["u7", "yes", "b", "14"], calls: 0 });
});

test("headers over fields that failed are left out", async () => {
  expect(await card("down")).toEqual({ status: 200, named: ["no"], calls: 2 });
  expect(await card("down")).toEqual({ status: 200, named: ["no"], calls: 2 });
});

test("headers over fields that are missing without a failure are left out, from the cache, too", async () => {
  expect(await card("none")).toEqual({ status: 200, named: ["no"], calls: 2 });
  expect(await card("none")).toEqual({ status: 200, named: ["no"], calls: 0 });
});

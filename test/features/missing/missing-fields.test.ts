// A field of a composed message that a failure left out is missing: no number is computed from its default.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stubbed, type StubbedBff, stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service Products { rpc Get(GetRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string id = 1; }
message Product { Price price = 1; repeated string tags = 2; oneof media { string url = 3; int64 width = 4; } }
message Price { int64 units = 1; }
`;
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
service CartService {
  option (bff.v1.service) = {};
  rpc GetCart(GetCartRequest) returns (Cart) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetCartRequest { repeated string ids = 1; }
message Cart {
  option (bff.v1.message) = { let: [
    { name: "lines" each: { var: "id" in: "args.ids" max: 9 compose: { message: "CartLine" args: { name: "id" by: "id" } } } },
    { name: "sum" supplementary: true by: "lines.map(l, l.product.price.units * l.quantity).sum()" },
    { name: "found" supplementary: true each: { var: "line" in: "lines" by: "line.product.price.units" } }
  ] };
  repeated CartLine lines = 1 [(bff.v1.field).by = "lines"];
  optional int64 total = 2 [(bff.v1.field).by = "lines.map(l, l.product.price.units * l.quantity).sum()"];
  int64 known = 3 [(bff.v1.field).by = "lines.filter(l, ok(l.product.price)).map(l, l.product.price.units).sum()"];
  optional int64 through_step = 4 [(bff.v1.field).by = "sum"];
  int64 counted = 5 [(bff.v1.field).by = "size(lines)"];
  optional bool free = 6 [(bff.v1.field).by = "lines.exists(l, l.product.price.units == 0)"];
  optional int32 tags = 7 [(bff.v1.field).by = "lines.map(l, size(l.product.tags)).sum()"];
  int64 or_nothing = 8 [(bff.v1.field).by = "lines.map(l, l.product.?price.units.orValue(0)).sum()"];
  repeated int64 found = 9 [(bff.v1.field).by = "found"];
  bool all_known = 10 [(bff.v1.field).by = "lines.all(l, ok(l.product.price))"];
  optional int64 area = 12 [(bff.v1.field).by = "lines.map(l, l.product.width * 2).sum()"];
  optional up.v1.Price copied = 13 [(bff.v1.field).by = "up.v1.Price{units: lines[1].product.width}"];
  int64 set = 11 [(bff.v1.field).by = "size(lines.filter(l, has(l.product.price)))"];
  repeated bff.v1.Degradation degraded = 15;
}
message CartLine {
  option (bff.v1.message).let = { name: "product" compose: { message: "CartProduct" args: { name: "id" by: "args.id" } } };
  string id = 1 [(bff.v1.field).by = "args.id"];
  int64 quantity = 2 [(bff.v1.field).by = "2"];
  CartProduct product = 3 [(bff.v1.field).by = "product"];
}
message CartProduct {
  option (bff.v1.message).let = {
    name: "product" supplementary: true
    call: { method: "up.v1.Products/Get" set: { name: "id" by: "args.id" } retry: { attempts: 1 } } };
  up.v1.Price price = 1 [(bff.v1.field).by = "product.price"];
  repeated string tags = 2 [(bff.v1.field).by = "product.tags"];
  oneof media {
    string url = 3 [(bff.v1.field) = { by: "product.url" if: "has(product.url)" }];
    int64 width = 4 [(bff.v1.field) = { by: "product.width" if: "has(product.width)" }];
  }
}
`;

let project: Stubbed;
let bff: StubbedBff;
beforeAll(async () => {
  project = await stubbed({
    name: "missing-fields",
    protos: { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF },
    targets: ["app/v1/app.proto"],
  });
  bff = await project.serve({
    stubs: {
      "up.v1.Products/Get": ({ id }) => {
        if (id === "down") throw new ConnectError("down", Code.Unavailable);
        return id === "unpriced" ? {} : { price: { units: "5" }, tags: ["a", "b"], width: "3" };
      },
    },
  });
});
afterAll(async () => {
  await bff.close();
  project.remove();
});

const cart = async (...ids: string[]) => {
  const { status, body } = await bff.send("app.v1.CartService/GetCart", { ids });
  expect(status).toBe(200);
  const { lines: _lines, degraded = [], ...values } = body;
  const effects = (degraded as { path: string; effect: string }[]).map(({ path, effect }) => [
    path,
    effect.replace("EFFECT_", ""),
  ]);
  return { values, effects: Object.fromEntries(effects) };
};

test("a cart without failures is computed from all prices", async () => {
  expect(await cart("a", "b")).toEqual({
    values: {
      ...{ total: "20", known: "10", throughStep: "20", counted: "2", free: false, tags: 4 },
      ...{ orNothing: "10", found: ["5", "5"], allKnown: true, set: "2", area: "12", copied: { units: "3" } },
    },
    effects: {},
  });
});

test("an upstream's message without a price is unset, and reads as zero", async () => {
  expect(await cart("a", "unpriced")).toEqual({
    values: {
      ...{ total: "10", known: "5", throughStep: "10", counted: "2", free: true, tags: 2 },
      ...{ orNothing: "5", found: ["5", "0"], allKnown: true, set: "1", area: "6", copied: {} },
    },
    effects: {},
  });
});

test("a price that failed leaves out what is computed from it, unless an expression handles it", async () => {
  const { values, effects } = await cart("a", "down");
  expect(values).toEqual({ known: "5", counted: "2", orNothing: "5", found: ["5"], set: "1" });
  expect(effects).toEqual({
    "lines[1].product.price": "MISSING",
    "lines[1].product.tags": "MISSING",
    "lines[1].product.url": "MISSING",
    "lines[1].product.width": "MISSING",
    total: "MISSING",
    known: "REPLACED",
    through_step: "MISSING",
    free: "MISSING",
    tags: "MISSING",
    or_nothing: "REPLACED",
    found: "INCOMPLETE",
    all_known: "REPLACED",
    set: "REPLACED",
    area: "MISSING",
    copied: "MISSING",
  });
});

// A field that reads only healthy parts of composed values has no entry in `degraded`, whichever way the values come.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stubbed, type StubbedBff, stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service Products { rpc Get(GetRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string id = 1; }
message Product { Price price = 1; }
message Price { int64 units = 1; }
`;
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
service PageService {
  option (bff.v1.service) = { let: [
    { name: "shared" compose: { message: "Line" args: { name: "id" by: "'down'" } } },
    { name: "again" by: "shared" }
  ] };
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { repeated string ids = 1; bool flag = 2; }
message Line {
  option (bff.v1.message).let = {
    name: "item" supplementary: true
    call: { method: "up.v1.Products/Get" set: { name: "id" by: "args.id" } retry: { attempts: 1 } } };
  string line_id = 1 [(bff.v1.field).by = "args.id"];
  optional int64 unit_price = 2 [(bff.v1.field).by = "item.price.units"];
  up.v1.Price price = 3 [(bff.v1.field).by = "item.price"];
  oneof kind { string plain_kind = 4 [(bff.v1.field).by = "'k' + args.id"]; }
}
message Wrap {
  option (bff.v1.message).let = { name: "line" compose: { message: "Line" args: { name: "id" by: "args.id" } } };
  Line line = 1 [(bff.v1.field).by = "line"];
  string note = 2 [(bff.v1.field).by = "'n'"];
}
message Card {
  option (bff.v1.message) = {};
  string id = 1 [(bff.v1.field).by = "args.line.line_id"];
  optional int64 price = 2 [(bff.v1.field).by = "args.line.unit_price"];
  bool known = 3 [(bff.v1.field).by = "ok(args.line.unit_price)"];
}
message Deck {
  option (bff.v1.message).let = { name: "card" compose: { message: "Card" args: { name: "line" by: "args.wrap.line" } } };
  Card card = 1 [(bff.v1.field).by = "card"];
  string note = 2 [(bff.v1.field).by = "args.wrap.note"];
}
message Names { option (bff.v1.message).alias = "Line"; string line_id = 1; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "first" compose: { message: "Line" args: { name: "id" by: "'down'" } } },
    { name: "lines" each: { var: "id" in: "args.ids" max: 9 compose: { message: "Line" args: { name: "id" by: "id" } } } },
    { name: "keyed" each: { var: "id" in: "args.ids" max: 9 key: "id" compose: { message: "Line" args: { name: "id" by: "id" } } } },
    { name: "wrap" compose: { message: "Wrap" args: { name: "id" by: "'down'" } } },
    { name: "alias" by: "wrap.line" },
    { name: "chosen" switch: { case: [{ if: "args.flag" by: "first" }] default: "alias" } },
    { name: "kept" by: "lines.filter(l, l.line_id != 'x')" },
    { name: "price" supplementary: true by: "alias.price" },
    { name: "card" compose: { message: "Card" args: { name: "line" by: "chosen" } } },
    { name: "cards" each: { var: "l" in: "lines" max: 9 compose: { message: "Card" args: { name: "line" by: "l" } } } },
    { name: "deck" compose: { message: "Deck" args: { name: "wrap" by: "wrap" } } },
    { name: "ids" each: { var: "l" in: "lines" max: 9 by: "l.line_id" } },
    { name: "inner" each: { var: "l" in: "lines" max: 9 by: "l" } }
  ] };
  string path = 1 [(bff.v1.field).by = "first.line_id"];
  string deep = 2 [(bff.v1.field).by = "wrap.line.line_id + wrap.note"];
  string by_step = 3 [(bff.v1.field).by = "alias.line_id"];
  string by_switch = 4 [(bff.v1.field).by = "chosen.line_id"];
  string by_filter = 5 [(bff.v1.field).by = "kept.map(l, l.line_id).join(',')"];
  string by_index = 6 [(bff.v1.field).by = "lines[1].line_id"];
  string by_key = 7 [(bff.v1.field).by = "keyed['down'].line_id"];
  string by_name = 8 [(bff.v1.field).by = "cel.bind(l, first, l.line_id)"];
  string by_sort = 9 [(bff.v1.field).by = "lines.sortBy(l, l.line_id)[0].line_id"];
  string by_member = 10 [(bff.v1.field).by = "first.plain_kind"];
  int64 by_size = 11 [(bff.v1.field).by = "size(keyed) + size(kept)"];
  bool by_test = 12 [(bff.v1.field).by = "has(first.line_id) && keyed.all(k, v, v.line_id != '')"];
  repeated string ids = 13 [(bff.v1.field).by = "ids"];
  string by_items = 14 [(bff.v1.field).by = "inner.map(l, l.line_id).join(',')"];
  string by_service = 15 [(bff.v1.field).by = "shared.line_id + again.line_id"];
  string by_choice = 16 [(bff.v1.field).by = "(args.flag ? first : alias).line_id"];
  Names copied = 17 [(bff.v1.field).by = "first"];
  Card card = 20 [(bff.v1.field).by = "card"];
  repeated Card cards = 21 [(bff.v1.field).by = "cards"];
  Deck deck = 22 [(bff.v1.field).by = "deck"];
  optional int64 step_price = 30 [(bff.v1.field).by = "alias.unit_price"];
  optional int64 switch_price = 31 [(bff.v1.field).by = "chosen.unit_price"];
  optional int64 message_price = 32 [(bff.v1.field).by = "price.units"];
  optional int64 filter_price = 33 [(bff.v1.field).by = "kept.map(l, l.unit_price).sum()"];
  bool service_known = 34 [(bff.v1.field).by = "ok(again.unit_price)"];
  bool key_known = 35 [(bff.v1.field).by = "ok(wrap.line.price)"];
  optional int64 items_price = 36 [(bff.v1.field).by = "inner.map(l, l.unit_price).sum()"];
  optional bool same = 37 [(bff.v1.field).by = "first == alias"];
  repeated bff.v1.Degradation degraded = 50;
}
`;

let project: Stubbed;
let bff: StubbedBff;
beforeAll(async () => {
  project = await stubbed({
    name: "read-fields",
    protos: { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF },
    targets: ["app/v1/app.proto"],
  });
  bff = await project.serve({
    stubs: {
      "up.v1.Products/Get": ({ id }) => {
        if (id === "down") throw new ConnectError("down", Code.Unavailable);
        return { price: { units: "5" } };
      },
    },
  });
});
afterAll(async () => {
  await bff.close();
  project.remove();
});

test.each([true, false])("only fields that read the failed price have entries (flag %s)", async (flag) => {
  const { status, body } = await bff.send("app.v1.PageService/GetPage", { ids: ["a", "down"], flag });
  expect(status).toBe(200);
  expect(body).toMatchObject({ byFilter: "a,down", bySwitch: "down", ids: ["a", "down"], bySize: "4" });
  const degraded = body.degraded as { path: string; effect: string }[];
  expect(Object.fromEntries(degraded.map(({ path, effect }) => [path, effect.replace("EFFECT_", "")]))).toEqual({
    "card.price": "MISSING",
    "card.known": "REPLACED",
    "cards[1].price": "MISSING",
    "cards[1].known": "REPLACED",
    "deck.card.price": "MISSING",
    "deck.card.known": "REPLACED",
    step_price: "MISSING",
    switch_price: "MISSING",
    message_price: "MISSING",
    filter_price: "MISSING",
    service_known: "REPLACED",
    key_known: "REPLACED",
    items_price: "MISSING",
    same: "MISSING",
  });
});

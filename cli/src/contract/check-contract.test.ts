// What breaks a consumer, each kind of change by itself: found where it is used, and never where it is not.
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { compile, parseLock } from "protoc-gen-bff/compiler";
import { beforeAll, describe, expect, test } from "vitest";
import { requestFor } from "../../../test/support/request.ts";
import { checkContract } from "./check-contract.ts";
import { cutContract } from "./cut-contract.ts";
import { type Contract, parseContract, renderContract } from "./document.ts";
import { renderReport } from "./render.ts";

const STOCK = `syntax = "proto3";
package stock.v1;
import "google/api/annotations.proto";
service StockService {
  rpc GetStock(GetStockRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc TakeStock(TakeStockRequest) returns (Taken) { option idempotency_level = IDEMPOTENT; }
  rpc Unused(GetStockRequest) returns (Stock);
}
service RestService {
  rpc GetRest(GetRestRequest) returns (Rest) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/rests/{name}" };
  }
}
message GetRestRequest { string name = 1; }
message Rest { string left_over = 1; }
message GetStockRequest { string sku = 1; string unset = 2; }
message TakeStockRequest { oneof how { string sku = 1; bool all = 2; } }
message Taken { bool done = 1; }
message Stock {
  int32 pieces = 1;
  optional string note = 2;
  State state = 3;
  repeated Shelf shelves = 4;
  string unread = 5;
  Unread other = 6;
}
message Shelf { string name = 1; string unread = 2; }
message Unread { string name = 1; }
enum State { STATE_UNSPECIFIED = 0; STATE_IN = 1; STATE_OUT = 2; STATE_UNREAD = 3; }
`;
const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = { upstream: { service: "stock.v1.RestService" protocol: HTTP_JSON } };
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Take(TakeRequest) returns (Receipt);
}
message GetPageRequest { string sku = 1; }
message Page {
  option (bff.v1.message).let = {
    name: "stock"
    call: { method: "stock.v1.StockService/GetStock" set: { spread: "args" } cache: { ttl: "1s" } }
  };
  option (bff.v1.message).let = {
    name: "rest"
    call: { method: "stock.v1.RestService/GetRest" set: { name: "name" by: "args.sku" } }
  };
  int32 pieces = 1 [(bff.v1.field).by = "stock.pieces"];
  string note = 2 [(bff.v1.field).by = "'note: ' + stock.note"];
  State state = 3 [(bff.v1.field).by = "stock.state"];
  repeated string shelves = 4 [(bff.v1.field).by = "stock.shelves.map(s, s.name)"];
  string rest = 5 [(bff.v1.field).by = "rest.left_over"];
}
message TakeRequest { string sku = 1; }
message Receipt {
  option (bff.v1.message).let = {
    name: "taken" call: { method: "stock.v1.StockService/TakeStock" set: { spread: "args" } }
  };
  bool done = 1 [(bff.v1.field).by = "taken.done"];
}
enum State {
  option (bff.v1.enum).alias = "stock.v1.State";
  STATE_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true];
  STATE_IN = 1;
  STATE_GONE = 2 [(bff.v1.enum_value).alias = "STATE_OUT"];
}
`;
let contract: Contract;
beforeAll(() => {
  const protos = { "shop/v1/shop.proto": SHOP, "stock/v1/stock.proto": STOCK };
  const { lock, diagnostics } = compile(requestFor(protos, ["shop/v1/shop.proto"]), () => undefined, {
    text: undefined,
    ci: false,
  });
  // STATE_UNREAD has no counterpart: a change of it must break nothing.
  expect(diagnostics.map(({ code }) => code)).toEqual(["BFF569"]);
  const read = parseLock(lock ?? "", "bff.lock.json");
  if ("message" in read) throw new Error(read.message);
  const cut = cutContract(read, ["stock.v1.StockService", "stock.v1.RestService"], "shop", "bff.lock.json");
  // As it comes out of the file.
  contract = parseContract(renderContract({ ...cut, examples: [] }), "contract.json");
  expect(contract).toEqual({ ...cut, examples: [] });
});

function check(...edits: readonly (readonly [string, string])[]) {
  let text = STOCK;
  for (const [from, to] of edits) {
    expect(text).toContain(from);
    text = text.replaceAll(from, to);
  }
  const { protoFile } = requestFor({ "stock/v1/stock.proto": text });
  return checkContract(contract, createFileRegistry(create(FileDescriptorSetSchema, { file: protoFile })));
}
const linesOf = (...edits: readonly (readonly [string, string])[]): string[] =>
  check(...edits).map(({ severity, code, message }) => `${severity} ${code}: ${message}`);

test("the protos of the contract have no finding", () => expect(linesOf()).toEqual([]));

const S = "stock.v1";
describe("a change of a used part", () => {
  test.each<[string, readonly (readonly [string, string])[], readonly string[]]>([
    [
      "field removed",
      [["string name = 1; string unread = 2; }", "string unread = 2; }"]],
      [`BFF911: field "${S}.Shelf.name" is removed`],
    ],
    [
      "field removed, number reserved",
      [["int32 pieces = 1;", "reserved 1;"]],
      [`BFF911: field "${S}.Stock.pieces" is removed, and its number is reserved`],
    ],
    [
      "field removed, name reserved",
      [["int32 pieces = 1;", 'reserved "pieces";']],
      [`BFF911: field "${S}.Stock.pieces" is removed, and its name is reserved`],
    ],
    ["field renamed", [["int32 pieces", "int32 items"]], [`BFF912: field "${S}.Stock.pieces" is called "items" now`]],
    [
      "field renumbered",
      [["int32 pieces = 1", "int32 pieces = 9"]],
      [`BFF913: field "${S}.Stock.pieces" has the number 9, and had 1`],
    ],
    [
      "field of another type",
      [["int32 pieces", "int64 pieces"]],
      [`BFF914: field "${S}.Stock.pieces" is int64, and was int32`],
    ],
    [
      "field that is repeated",
      [["int32 pieces", "repeated int32 pieces"]],
      [`BFF915: field "${S}.Stock.pieces" is repeated, and was singular`],
    ],
    [
      "field without presence",
      [["optional string note", "string note"]],
      [`BFF916: field "${S}.Stock.note" always has a value, and could be unset`],
    ],
    [
      "field into a oneof",
      [["int32 pieces = 1;", "oneof amount { int32 pieces = 1; }"]],
      [`BFF916: field "${S}.Stock.pieces" is a member of a oneof, and always had a value`],
    ],
    [
      "oneof renamed",
      [["oneof how", "oneof what"]],
      [`BFF916: field "${S}.TakeStockRequest.sku" is a member of the oneof "what", and was a member of "how"`],
    ],
    [
      "field of a request removed",
      [["GetStockRequest { string sku = 1; ", "GetStockRequest { "]],
      [`BFF911: field "${S}.GetStockRequest.sku" is removed`],
    ],
    [
      "name in JSON, where one calls over HTTP",
      [["left_over = 1", 'left_over = 1 [json_name = "remains"]']],
      [`BFF923: field "${S}.Rest.left_over" is "remains" in JSON, and was "leftOver"`],
    ],
    [
      "path over HTTP",
      [["/v1/rests", "/v2/rests"]],
      [
        `BFF921: method "${S}.RestService/GetRest" is called by "GET /v2/rests/{name}", and was called by "GET /v1/rests/{name}"`,
      ],
    ],
    [
      "no path over HTTP any more",
      [['option (google.api.http) = { get: "/v1/rests/{name}" };', ""]],
      [
        `BFF921: method "${S}.RestService/GetRest" is called by "no path at all", and was called by "GET /v1/rests/{name}"`,
      ],
    ],
    ["enum value removed", [[" STATE_OUT = 2;", ""]], [`BFF911: enum value "${S}.State.STATE_OUT" is removed`]],
    [
      "enum value renamed",
      [["STATE_OUT", "STATE_EMPTY"]],
      [`BFF912: enum value "${S}.State.STATE_OUT" is called "STATE_EMPTY" now`],
    ],
    [
      "enum value renumbered",
      [["STATE_OUT = 2", "STATE_OUT = 7"]],
      [`BFF913: enum value "${S}.State.STATE_OUT" has the number 7, and had 2`],
    ],
    ["enum renamed", [["State ", "Condition "]], [`BFF912: enum "${S}.State" is called "${S}.Condition" now`]],
    ["message renamed", [["Shelf", "Rack"]], [`BFF911: message "${S}.Shelf" is removed, and "${S}.Rack" replaces it`]],
    [
      "message of an answer renamed",
      [
        ["Taken)", "Took)"],
        ["message Taken", "message Took"],
      ],
      [`BFF912: message "${S}.Taken" is called "${S}.Took" now`],
    ],
    [
      "method removed",
      [
        ["rpc TakeStock", "rpc UnlikeStock"],
        ["(TakeStockRequest)", "(Shelf)"],
      ],
      [`BFF911: method "${S}.StockService/TakeStock" is removed`],
    ],
    [
      "method renamed",
      [["rpc TakeStock", "rpc GrabStock"]],
      [`BFF912: method "${S}.StockService/TakeStock" is called "GrabStock" now`],
    ],
    [
      "method takes something else",
      [["(TakeStockRequest)", "(Shelf)"]],
      [`BFF914: method "${S}.StockService/TakeStock" takes "${S}.Shelf", and took "${S}.TakeStockRequest"`],
    ],
    [
      "method streams",
      [["returns (Taken)", "returns (stream Taken)"]],
      [`BFF917: method "${S}.StockService/TakeStock" is server-streaming, and was unary`],
    ],
    [
      "idempotency taken back",
      [["NO_SIDE_EFFECTS; }\n", "IDEMPOTENT; }\n"]],
      [`BFF918: method "${S}.StockService/GetStock" is IDEMPOTENT, and was NO_SIDE_EFFECTS`],
    ],
    [
      "service renamed",
      [["service StockService", "service StoreService"]],
      [`BFF912: service "${S}.StockService" is called "${S}.StoreService" now`],
    ],
    [
      "package renamed",
      [["package stock.v1", "package stock.v2"]],
      [`BFF912: package "${S}" is removed; its services are in "stock.v2" now`],
    ],
  ])("%s", (_, edits, expected) => {
    expect(linesOf(...edits)).toEqual(expected.map((line) => `break ${line}`));
  });
});

describe("a change worth a note", () => {
  test.each<[string, readonly (readonly [string, string])[], readonly string[]]>([
    [
      "new enum value",
      [["STATE_UNREAD = 3;", "STATE_UNREAD = 3; STATE_LOST = 4;"]],
      [`BFF919: enum "${S}.State" has a new value "STATE_LOST", which is unknown to the consumer`],
    ],
    [
      "deprecated",
      [["int32 pieces = 1;", "int32 pieces = 1 [deprecated = true];"]],
      [`BFF920: field "${S}.Stock.pieces" is deprecated now`],
    ],
    [
      "a stronger promise",
      [["= IDEMPOTENT;", "= NO_SIDE_EFFECTS;"]],
      [`BFF918: method "${S}.StockService/TakeStock" is NO_SIDE_EFFECTS, and was IDEMPOTENT`],
    ],
  ])("%s", (_, edits, expected) => {
    expect(linesOf(...edits)).toEqual(expected.map((line) => `note ${line}`));
  });
});

test.each<[string, readonly (readonly [string, string])[]]>([
  ["field removed", [[" string unset = 2;", ""]]],
  ["field of an answer removed", [["  string unread = 5;\n", ""]]],
  ["field retyped", [["string unread", "int64 unread"]]],
  [
    "message removed",
    [
      ["  Unread other = 6;\n", ""],
      ["message Unread { string name = 1; }\n", ""],
    ],
  ],
  ["enum value renamed", [["STATE_UNREAD", "STATE_LOST"]]],
  ["method removed", [["  rpc Unused(GetStockRequest) returns (Stock);\n", ""]]],
  [
    "fields, messages and methods added",
    [
      ["message Shelf {", "message New {} message Shelf { New new = 9;"],
      ["rpc Unused(", "rpc More(New) returns (New); rpc Unused("],
    ],
  ],
  ["an optional field of a request added", [["string unset = 2;", "string unset = 2; optional string more = 3;"]]],
])("a change of an unused part has no finding: %s", (_, edits) => expect(linesOf(...edits)).toEqual([]));

test("a finding names the place, the consumer's use, and the remedy", () => {
  const findings = check(
    ["int32 pieces", "int32 items"],
    ["NO_SIDE_EFFECTS; }\n", "IDEMPOTENT; }\n"],
    [" STATE_OUT = 2;", ""],
  );
  const text = renderReport({ path: "shop.json", consumer: "shop", services: contract.services, findings }, "text");
  expect(`\n${text}`).toMatchInlineSnapshot(`
    "
    shop.json: shop uses stock.v1.RestService, stock.v1.StockService: 3 breaks

    stock/v1/stock.proto:5:7: break BFF918: method "stock.v1.StockService/GetStock" is IDEMPOTENT, and was NO_SIDE_EFFECTS
        step "stock" of shop.v1.Page calls it
        shop begins its calls before all checks of the request have passed, and shares equal calls
        shop keeps answers and uses them again
      instead: restore the level, or add another method for the side effects

    stock/v1/stock.proto:30:6: break BFF911: enum value "stock.v1.State.STATE_OUT" is removed
        in answers of StockService/GetStock
        shop.v1.State.STATE_GONE replaces it for clients
      instead: keep it, mark it \`deprecated = true\`, and remove it once a contract of shop no longer has it

    stock/v1/stock.proto:21:9: break BFF912: field "stock.v1.Stock.pieces" is called "items" now
        in answers of StockService/GetStock
        shop.v1.Page.pieces is computed from it
      instead: keep the name "pieces": consumers that build with the new protos no longer find it, and JSON uses names
    "
  `);
  expect(
    renderReport({ path: "shop.json", consumer: "shop", services: contract.services, findings }, "github"),
  ).toMatchInlineSnapshot(`
    "shop.json: shop uses stock.v1.RestService, stock.v1.StockService: 3 breaks
    ::error file=stock/v1/stock.proto,line=5,col=7,title=BFF918::shop: method "stock.v1.StockService/GetStock" is IDEMPOTENT, and was NO_SIDE_EFFECTS%0Astep "stock" of shop.v1.Page calls it%0Ashop begins its calls before all checks of the request have passed, and shares equal calls%0Ashop keeps answers and uses them again%0Ainstead: restore the level, or add another method for the side effects
    ::error file=stock/v1/stock.proto,line=30,col=6,title=BFF911::shop: enum value "stock.v1.State.STATE_OUT" is removed%0Ain answers of StockService/GetStock%0Ashop.v1.State.STATE_GONE replaces it for clients%0Ainstead: keep it, mark it \`deprecated = true\`, and remove it once a contract of shop no longer has it
    ::error file=stock/v1/stock.proto,line=21,col=9,title=BFF912::shop: field "stock.v1.Stock.pieces" is called "items" now%0Ain answers of StockService/GetStock%0Ashop.v1.Page.pieces is computed from it%0Ainstead: keep the name "pieces": consumers that build with the new protos no longer find it, and JSON uses names
    "
  `);
});

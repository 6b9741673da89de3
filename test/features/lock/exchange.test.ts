// What the lock says of each method: what is set, what is read, what rests on repeating it; and the lock that did not know it yet.
import { expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { requestFor } from "../../support/request.ts";

const UPSTREAM = `syntax = "proto3";
package stock.v1;
service StockService {
  rpc FindStock(FindStockRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc TakeStock(TakeStockRequest) returns (Stock);
}
message FindStockRequest { Filter filter = 1; State state = 2; int32 page_size = 3; }
message Filter { string sku = 1; Box box = 2; string unused = 3; }
message Box { int32 weight = 1; }
message TakeStockRequest { string sku = 1; oneof how { int32 pieces = 2; bool all = 3; } }
message Stock { repeated Shelf shelves = 1; State state = 2; Stock next = 3; Box box = 4; string unused = 5; }
message Shelf { string name = 1; string unused = 2; }
enum State { STATE_UNSPECIFIED = 0; STATE_IN = 1; STATE_OUT = 2; STATE_OLD = 3; }
`;
const BFF = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Take(TakeRequest) returns (Taken);
}
message GetPageRequest { string sku = 1; int32 weight = 2; }
message Page {
  option (bff.v1.message).let = {
    name: "stock"
    call: {
      method: "stock.v1.StockService/FindStock"
      set: [
        { name: "filter.sku" by: "args.sku" },
        { name: "filter.box" by: "stock.v1.Box{weight: args.weight}" },
        { name: "state" by: "stock.v1.State.STATE_IN" }
      ]
      cache: { ttl: "5s" }
    }
  };
  repeated string shelves = 1 [(bff.v1.field).by = "stock.next.shelves.map(s, s.name)"];
  bool gone = 2 [(bff.v1.field).by = "stock.state == stock.v1.State.STATE_OUT"];
}
message TakeRequest { string sku = 1; }
message Taken {
  option (bff.v1.message).let = {
    name: "taken"
    call: { method: "stock.v1.StockService/TakeStock" set: [ { spread: "args" }, { name: "pieces" by: "1" } ] }
  };
  State state = 1 [(bff.v1.field).by = "taken.state"];
}
enum State {
  option (bff.v1.enum).alias = "stock.v1.State";
  STATE_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true];
  STATE_IN = 1;
}
`;
const protos = { "shop/v1/shop.proto": BFF, "stock/v1/stock.proto": UPSTREAM };
const run = (text: string | undefined, ci = false, all: typeof protos = protos) =>
  compile(requestFor(all, ["shop/v1/shop.proto"]), () => undefined, { text, ci });

interface Element {
  readonly kind: string;
  readonly sets?: readonly string[];
  readonly reads?: readonly string[];
  readonly relies_on?: readonly string[];
}
const elementsOf = (text: string | undefined): Readonly<Record<string, Element>> =>
  JSON.parse(text ?? "").files["shop/v1/shop.proto"];

test("each method lists the fields that requests set and answers provide", () => {
  const { lock, diagnostics } = run(undefined);
  expect(diagnostics.map(({ code }) => code)).toEqual(["BFF569"]);
  const elements = elementsOf(lock);
  expect(elements["stock.v1.StockService/FindStock"]).toMatchObject({
    sets: [
      "stock.v1.Box.weight",
      "stock.v1.Filter.box",
      "stock.v1.Filter.sku",
      "stock.v1.FindStockRequest.filter",
      "stock.v1.FindStockRequest.state",
      "stock.v1.State.STATE_IN",
    ],
    // By types: of a Stock is read what is read of any. What only requests hold (Box) is not read, though a Stock has one.
    reads: [
      "stock.v1.Shelf.name",
      "stock.v1.State.STATE_IN",
      "stock.v1.State.STATE_OUT",
      "stock.v1.State.STATE_UNSPECIFIED",
      "stock.v1.Stock.next",
      "stock.v1.Stock.shelves",
      "stock.v1.Stock.state",
    ],
    relies_on: ["order", "retry", "cache"],
  });
  expect(elements["stock.v1.StockService/TakeStock"]).toMatchObject({
    sets: ["stock.v1.TakeStockRequest.pieces", "stock.v1.TakeStockRequest.sku"],
  });
  expect(elements["stock.v1.StockService/TakeStock"]).not.toHaveProperty("relies_on");
  expect(elements["stock.v1.TakeStockRequest.pieces"]).toMatchObject({ presence: "oneof", oneof: "how" });
});

test("a lock of version 1 is compared, and rewritten with the facts that it lacks", () => {
  const { lock = "" } = run(undefined);
  const before = JSON.parse(lock);
  before.version = 1;
  for (const element of Object.values<Record<string, unknown>>(before.files["shop/v1/shop.proto"]))
    for (const key of ["sets", "reads", "relies_on", "oneof"]) delete element[key];
  const old = JSON.stringify(before);
  expect(run(old)).toMatchObject({ diagnostics: [], lock });
  expect(run(old, true).diagnostics).toMatchObject([{ code: "BFF902" }]);
  const changed = { ...protos, "stock/v1/stock.proto": UPSTREAM.replace("string name = 1", "string name = 3") };
  expect(run(old, false, changed).diagnostics).toMatchObject([{ code: "BFF913" }]);
});

const OLD_STATES = `syntax = "proto2";
package stock.v1;
service StockService { rpc FindStock(FindStockRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; } }
message FindStockRequest { optional string sku = 1; }
message Stock { optional State state = 1; }
enum State { STATE_IN = 1; STATE_OUT = 2; }
`;
const STATE_BFF = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string sku = 1; }
message Page {
  option (bff.v1.message).let = { name: "stock" call: { method: "stock.v1.StockService/FindStock" set: { spread: "args" } } };
  bool out = 1 [(bff.v1.field).by = "stock.state == stock.v1.State.STATE_OUT"];
}
`;

test("a lock of version 2 passes in CI, and learns which value an unset field of a closed enum has", () => {
  const states = { "shop/v1/shop.proto": STATE_BFF, "stock/v1/stock.proto": OLD_STATES };
  const { lock = "" } = run(undefined, false, states);
  const before = JSON.parse(lock);
  expect(before.files["shop/v1/shop.proto"]["stock.v1.Stock.state"]).toMatchObject({ default: "STATE_IN" });
  before.version = 2;
  delete before.files["shop/v1/shop.proto"]["stock.v1.Stock.state"].default;
  const old = JSON.stringify(before);
  expect(run(old, false, states)).toMatchObject({ diagnostics: [], lock });
  expect(run(old, true, states)).toMatchObject({ diagnostics: [], lock: undefined });
  const changed = {
    ...states,
    "stock/v1/stock.proto": OLD_STATES.replace(/(STATE_IN = 1;) (STATE_OUT = 2;)/, "$2 $1"),
  };
  expect(run(lock, false, changed).diagnostics).toMatchObject([{ code: "BFF922" }]);
});

test("a JSON name matters only to fields of calls over HTTP", () => {
  const both = UPSTREAM.replace("rpc TakeStock(TakeStockRequest) returns (Stock);", "").replace(
    "message FindStockRequest",
    "service TakeService { rpc TakeStock(TakeStockRequest) returns (Taken); }\nmessage Taken { State state = 1; }\nmessage FindStockRequest",
  );
  const bff = BFF.replace("stock.v1.StockService/TakeStock", "stock.v1.TakeService/TakeStock").replace(
    "service ShopService",
    'option (bff.v1.file) = { upstream: { service: "stock.v1.TakeService" protocol: HTTP_JSON } };\nservice ShopService',
  );
  const withPath = both
    .replace("package stock.v1;", 'package stock.v1;\nimport "google/api/annotations.proto";')
    .replace("returns (Taken);", 'returns (Taken) { option (google.api.http) = { post: "/take" body: "*" }; }');
  const all = { "shop/v1/shop.proto": bff, "stock/v1/stock.proto": withPath };
  const { lock } = run(undefined, false, all);
  const renamed = (field: string): readonly string[] => {
    const upstream = withPath.replace(field, field.replace(/;$/, ' [json_name = "other"];'));
    return run(lock, false, { ...all, "stock/v1/stock.proto": upstream }).diagnostics.map(({ code }) => code);
  };
  expect(renamed("string name = 1;")).toEqual([]);
  expect(renamed("int32 weight = 1;")).toEqual([]);
  expect(renamed("message Taken { State state = 1;")).toEqual(["BFF923"]);
  expect(renamed("message TakeStockRequest { string sku = 1;")).toEqual(["BFF923"]);
});

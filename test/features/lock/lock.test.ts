// What the lock holds, when it changes, and what it lets pass.
import { describe, expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { parseLock } from "../../../plugin/src/lock/document.ts";
import { describeUses } from "../../../plugin/src/lock/uses.ts";
import { requestFor } from "../../support/request.ts";

type Protos = Readonly<Record<string, string>>;
type Document = { files: Record<string, Record<string, { used_by: string[]; number?: number; type?: string }>> };

const STOCK = `syntax = "proto3";
package stock.v1;
import "google/protobuf/timestamp.proto";
service StockService {
  rpc GetStock(GetStockRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc ListShelves(ListShelvesRequest) returns (ListShelvesResponse) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Unused(GetStockRequest) returns (Stock);
}
message GetStockRequest { string sku = 1; string region = 2; Filter filter = 3; State state = 4; }
message Filter { string owner = 1; bool all = 2; }
message Stock { int32 pieces = 1; string note = 2; State state = 3; repeated string shelf_ids = 4; Detail detail = 5; int32 unused = 6;
  google.protobuf.Timestamp at = 7; oneof size { int32 width = 8; int32 weight = 9; } }
message Detail { string text = 1; string more = 2; }
message Other { string text = 1; }
message ListShelvesRequest { repeated string ids = 1; }
message ListShelvesResponse { repeated Shelf shelves = 1; int32 total = 2; }
message Shelf { string id = 1; string name = 2; Detail detail = 3; }
enum State { STATE_UNSPECIFIED = 0; STATE_IN = 1; STATE_OUT = 2; STATE_OLD = 3; }
`;
const shop = (
  steps: string,
  fields: string,
  more = "",
  request = "string sku = 1; string region = 2;",
) => `syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetProduct(GetProductRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetProductRequest { ${request} }
message Product {
  option (bff.v1.message) = { let: [ ${steps} ] };
  ${fields}
  repeated bff.v1.Degradation degraded = 15;
}
${more}`;
const STEP = `{ name: "stock" supplementary: true call: { method: "stock.v1.StockService/GetStock" set: { name: "sku" by: "args.sku" } } }`;
const BFF = shop(STEP, `optional int32 pieces = 1 [(bff.v1.field).by = "stock.pieces"];`);

/** Nothing is said of side effects by the upstream. */
const UNMARKED = STOCK.replace(" { option idempotency_level = NO_SIDE_EFFECTS; }", ";");

function run(protos: Protos, options: { text?: string; parameter?: string; ci?: boolean; targets?: string[] } = {}) {
  const targets = options.targets ?? Object.keys(protos).filter((name) => name.startsWith("shop"));
  const request = { ...requestFor(protos, targets), parameter: options.parameter ?? "" };
  const result = compile(request, (file) => protos[file], { text: options.text, ci: options.ci ?? false });
  const codes = result.diagnostics.map(({ code, severity }) => `${severity} ${code}`);
  return { ...result, codes };
}
const world = (bff: string, stock = STOCK): Protos => ({ "shop/v1/shop.proto": bff, "stock/v1/stock.proto": stock });
/** The lock of a run that goes well; with `old` brought up to date, so undefined where nothing is to be written. */
function lockOf(protos: Protos, text?: string, parameter?: string): string | undefined {
  const { lock, response, codes } = run(protos, { ...(text && { text }), ...(parameter && { parameter }) });
  expect([response.error, codes.filter((code) => code.startsWith("error"))]).toEqual(["", []]);
  return lock;
}
const read = (text: string | undefined): Document => JSON.parse(text ?? "") as Document;
const uses = (text: string | undefined): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(read(text).files["shop/v1/shop.proto"] ?? {}).map(([name, { used_by }]) => [
      name.replace("stock.v1.", ""),
      used_by.map((use) => use.replace("shop.v1.", "")),
    ]),
  );

describe("the uses in a lock", () => {
  test.each([
    [
      "a call, with the fields that its request sets and the fields of its response that are read",
      BFF,
      {
        "GetStockRequest.sku": ["Product let.stock.call.set.sku"],
        "Stock.pieces": ["Product.pieces by"],
        "StockService/GetStock": ["Product let.stock.call.method"],
      },
    ],
    [
      "dotted paths, conditions, metadata, rules for errors, literals of messages and enums",
      shop(
        `{ name: "stock" supplementary: true call: { method: "stock.v1.StockService/GetStock"
           request: "stock.v1.GetStockRequest{region: args.region, state: stock.v1.State.STATE_IN}"
           set: { name: "filter.owner" by: "args.sku" if: "args.sku != ''" }
           on_error: [ { on: [NOT_FOUND] fallback: "stock.v1.Stock{note: 'none'}" } ] } },
         { guard: { if: "ok(stock) && stock.detail.text == ''" fail: { code: NOT_FOUND message: "no {ok(stock) ? stock.pieces : 0}" } } }`,
        `optional bool width = 1 [(bff.v1.field).by = "has(stock.width)"];`,
      ),
      {
        "Detail.text": ["Product let[0].guard"],
        "Filter.owner": ["Product let.stock.call.set.filter.owner"],
        GetStockRequest: ["Product let.stock.call.request"],
        "GetStockRequest.filter": ["Product let.stock.call.set.filter.owner"],
        "GetStockRequest.region": ["Product let.stock.call.request"],
        "GetStockRequest.state": ["Product let.stock.call.request"],
        "State.STATE_IN": ["Product let.stock.call.request"],
        Stock: ["Product let.stock.call.on_error[0]"],
        "Stock.detail": ["Product let[0].guard"],
        "Stock.note": ["Product let.stock.call.on_error[0]"],
        "Stock.pieces": ["Product let[0].guard.fail"],
        "Stock.width": ["Product.width by"],
        "StockService/GetStock": ["Product let.stock.call.method"],
      },
    ],
    [
      "a spread, a list, a batch, an argument",
      shop(
        `{ name: "stock" call: { method: "stock.v1.StockService/GetStock" set: { spread: "args" } } },
         { name: "cards" each: { var: "id" in: "stock.shelf_ids" compose: { message: "Card" args: [ { name: "id" by: "id" }, { name: "detail" by: "stock.detail" } ] } } }`,
        `repeated Card cards = 1 [(bff.v1.field).by = "cards"];`,
        `message Card {
           option (bff.v1.message) = { let: { name: "shelf" supplementary: true call: { method: "stock.v1.StockService/ListShelves"
             batch: { name: "ids" by: "args.id" items: "shelves" key: "id" } } } };
           optional string name = 1 [(bff.v1.field).by = "shelf.name"];
           string text = 2 [(bff.v1.field).by = "args.detail.text"];
         }`,
      ),
      {
        "Detail.text": ["Card.text by"],
        "GetStockRequest.region": ["Product let.stock.call.set.spread"],
        "GetStockRequest.sku": ["Product let.stock.call.set.spread"],
        "ListShelvesRequest.ids": ["Card let.shelf.call.batch"],
        "ListShelvesResponse.shelves": ["Card let.shelf.call.batch"],
        "Shelf.id": ["Card let.shelf.call.batch"],
        "Shelf.name": ["Card.name by"],
        "Stock.detail": ["Product let.cards.each.compose.args.detail"],
        "Stock.shelf_ids": ["Product let.cards.each.in"],
        "StockService/GetStock": ["Product let.stock.call.method"],
        "StockService/ListShelves": ["Card let.shelf.call.method"],
      },
    ],
    [
      "copies of messages and enums, both ways; a step bound by name",
      shop(
        `{ name: "stock" autobind: true call: { method: "stock.v1.StockService/GetStock" set: { name: "state" by: "args.state" } } }`,
        `Detail detail = 1; string note = 2;`,
        `message Detail { option (bff.v1.message).alias = "stock.v1.Detail"; string words = 1 [(bff.v1.field).alias = "text"]; string more = 2; }
         enum State { option (bff.v1.enum).alias = "stock.v1.State"; STATE_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true];
           STATE_IN = 1; STATE_GONE = 2 [(bff.v1.enum_value).alias = "STATE_OUT"]; }`,
        "State state = 1;",
      ),
      {
        Detail: ["Detail alias"],
        "Detail.more": ["Detail.more alias"],
        "Detail.text": ["Detail.words alias"],
        "GetStockRequest.state": ["Product let.stock.call.set.state"],
        State: ["State alias"],
        "State.STATE_IN": ["State.STATE_IN name"],
        "State.STATE_OUT": ["State.STATE_GONE alias"],
        "State.STATE_UNSPECIFIED": ["State.STATE_UNSPECIFIED name"],
        "Stock.detail": ["Product.detail autobind"],
        "Stock.note": ["Product.note autobind"],
        "StockService/GetStock": ["Product let.stock.call.method"],
      },
    ],
    [
      "every alias of several",
      shop(
        `{ name: "stock" call: { method: "stock.v1.StockService/GetStock" set: { name: "sku" by: "args.sku" } } }`,
        `Text detail = 1 [(bff.v1.field).by = "stock.detail"];`,
        `message Text { option (bff.v1.message) = { alias: ["stock.v1.Detail", "stock.v1.Other"] }; string text = 1; }`,
      ),
      {
        Detail: ["Text alias"],
        "Detail.text": ["Text.text alias"],
        "GetStockRequest.sku": ["Product let.stock.call.set.sku"],
        Other: ["Text alias"],
        "Other.text": ["Text.text alias"],
        "Stock.detail": ["Product.detail by"],
        "StockService/GetStock": ["Product let.stock.call.method"],
      },
    ],
    [
      "fields that expressions of a copy read, and fields that its paths write",
      shop(
        `{ name: "stock" call: { method: "stock.v1.StockService/GetStock" request: "args.asked" } }`,
        `Copy copy = 1 [(bff.v1.field).by = "stock"];`,
        `message Copy { option (bff.v1.message).alias = "stock.v1.Stock";
           string text = 1 [(bff.v1.field).by = "source.note + source.detail.text"]; optional int32 width = 2 [(bff.v1.field).fallback = "1"]; }
         message Asked { option (bff.v1.message).alias = "stock.v1.GetStockRequest";
           optional string owner = 1 [(bff.v1.field).by = "source.filter.owner"]; }`,
        "Asked asked = 1;",
      ),
      {
        "Filter.owner": ["Asked.owner by"],
        GetStockRequest: ["Asked alias"],
        "GetStockRequest.filter": ["Asked.owner by"],
        Stock: ["Copy alias"],
        "Detail.text": ["Copy.text by"],
        "Stock.detail": ["Copy.text by"],
        "Stock.note": ["Copy.text by"],
        "Stock.width": ["Copy.width alias"],
        "StockService/GetStock": ["Product let.stock.call.method"],
      },
    ],
    [
      "upstream types that the BFF's clients see, with all of their fields",
      shop(STEP, `stock.v1.Detail detail = 1 [(bff.v1.field).by = "stock.detail"];`).replace(
        `import "bff/v1/options.proto";`,
        `import "bff/v1/options.proto"; import "stock/v1/stock.proto";`,
      ),
      {
        Detail: ["Product.detail type"],
        "Detail.more": ["Product.detail type"],
        "Detail.text": ["Product.detail type"],
        "GetStockRequest.sku": ["Product let.stock.call.set.sku"],
        "Stock.detail": ["Product.detail by"],
        "StockService/GetStock": ["Product let.stock.call.method"],
      },
    ],
  ])("%s", (_, bff, expected) => {
    expect(uses(lockOf(world(bff)))).toEqual(expected);
  });
});

describe("the lock", () => {
  const lock = lockOf(world(BFF));

  test("is up to date after it was written", () => {
    expect(run(world(BFF), { text: lock ?? "", ci: true })).toMatchObject({ lock: undefined, codes: [] });
  });

  test.each([
    ["an unused field removed", "int32 unused = 6;", ""],
    ["an unused field retyped", "string note = 2;", "bytes note = 2;"],
    [
      "an unused method streaming",
      "rpc Unused(GetStockRequest) returns (Stock)",
      "rpc Unused(GetStockRequest) returns (stream Stock)",
    ],
    ["an unused enum value renamed", "STATE_OLD", "STATE_ANCIENT"],
    ["a field added", "int32 unused = 6;", "int32 unused = 6; int32 fresh = 10;"],
    ["comments and order", "message Filter", "// moved\n\n\nmessage Filter"],
  ])("ignores changes of unused elements: %s", (_, from, to) => {
    expect(STOCK).toContain(from);
    const changed = world(BFF, STOCK.replace(from, to));
    expect(run(changed, { text: lock ?? "", ci: true })).toMatchObject({ lock: undefined, codes: [] });
  });

  test("is unaffected by moved code", () => {
    const two = shop(
      `${STEP}, { name: "b" by: "args.sku" }`,
      `string b = 2 [(bff.v1.field).by = "b"]; optional int32 pieces = 1 [(bff.v1.field).by = "stock.pieces"];`,
    );
    const moved = shop(
      `\n\n{ name: "b" by: "args.sku" },\n// here\n${STEP}`,
      `optional int32 pieces = 1 [(bff.v1.field).by = "stock.pieces"];\n string b = 2 [(bff.v1.field).by = "b"];`,
    );
    expect(lockOf(world(moved))).toBe(lockOf(world(two)));
  });

  test("is the same for any order of files", () => {
    const request = requestFor(world(BFF), ["shop/v1/shop.proto"]);
    const protos = world(BFF);
    const shuffled = {
      ...request,
      parameter: "",
      protoFile: [...request.protoFile].sort(
        (a, b) => a.dependency.length - b.dependency.length || (a.name > b.name ? -1 : 1),
      ),
    };
    const locks = [request, shuffled].map(
      (variant) => compile(variant, (file) => protos[file], { text: undefined, ci: false }).lock,
    );
    expect(locks).toEqual([lock, lock]);
  });

  test("finds the options without sources", () => {
    const protos = world(BFF);
    expect(
      compile(requestFor(protos, ["shop/v1/shop.proto"]), () => undefined, { text: undefined, ci: false }).lock,
    ).toBe(lock);
  });

  test("gains and loses uses", () => {
    const more = BFF.replace(`by = "stock.pieces"`, `by = "stock.pieces + stock.unused"`);
    const grown = lockOf(world(more), lock);
    expect(uses(grown)).toHaveProperty(["Stock.unused"], ["Product.pieces by"]);
    expect(lockOf(world(BFF), grown)).toBe(lock);
  });

  test("is not required for a BFF without upstreams", () => {
    expect(run(world(shop("", `string sku = 1 [(bff.v1.field).by = "args.sku"];`)), { ci: true })).toMatchObject({
      lock: undefined,
      codes: [],
    });
  });

  test("accepts a renamed field that the options follow", () => {
    const renamed = world(
      BFF.replaceAll("stock.pieces", "stock.amount"),
      STOCK.replace("int32 pieces", "int32 amount"),
    );
    expect(uses(lockOf(renamed, lock))).toHaveProperty(["Stock.amount"]);
  });

  test("accepts a removed field whose use is also removed", () => {
    const without = world(
      shop(STEP, `optional string note = 1 [(bff.v1.field).by = "stock.note"];`),
      STOCK.replace("int32 pieces = 1;", ""),
    );
    expect(uses(lockOf(without, lock))).not.toHaveProperty(["Stock.pieces"]);
  });

  test("accepts a change with `lock_mode=update`, including with CI=true", () => {
    const changed = world(BFF, STOCK.replace("int32 pieces = 1", "sint32 pieces = 11"));
    expect(run(changed, { text: lock ?? "" }).codes).toEqual(["error BFF913", "error BFF914"]);
    const accepted = run(changed, { text: lock ?? "", parameter: "lock_mode=update", ci: true });
    expect(accepted.codes).toEqual([]);
    expect(read(accepted.lock).files["shop/v1/shop.proto"]?.["stock.v1.Stock.pieces"]).toMatchObject({
      number: 11,
      type: "sint32",
    });
    expect(run(changed, { text: accepted.lock ?? "", ci: true })).toMatchObject({ lock: undefined, codes: [] });
  });

  test("keeps a warning until the change is accepted, even if uses are added", () => {
    const old = world(BFF, STOCK.replace("int32 pieces = 1;", "int32 pieces = 1 [deprecated = true];"));
    expect(run(old, { text: lock ?? "", ci: true })).toMatchObject({ lock: undefined, codes: ["warning BFF920"] });
    const more = BFF.replace(`by = "stock.pieces"`, `by = "stock.pieces + stock.unused"`);
    const grown = run({ ...old, "shop/v1/shop.proto": more }, { text: lock ?? "" });
    expect(grown.codes).toEqual(["warning BFF920"]);
    expect(grown.lock).not.toContain("deprecated");
    expect(run(old, { text: lock ?? "", parameter: "lock_mode=update" }).lock).toContain("deprecated");
  });

  test("reports the errors that follow from a change that is only a warning", () => {
    const changed = world(BFF, STOCK.replace("int32 pieces", "int32 amount"));
    expect(run(changed, { text: lock ?? "", parameter: "warn=BFF912" }).codes).toContain("warning BFF912");
    expect(run(changed, { text: lock ?? "", parameter: "warn=BFF912" }).codes.join()).toMatch(/error BFF[23]/);
    expect(run(changed, { text: lock ?? "" }).codes).toEqual(["error BFF912"]);
  });

  test("reports a warning as an error if an option requires it", () => {
    const changed = world(BFF, STOCK.replace("int32 pieces = 1;", "int32 pieces = 1 [deprecated = true];"));
    expect(run(changed, { text: lock ?? "", parameter: "error=BFF920" }).codes).toEqual(["error BFF920"]);
  });

  test("remains unchanged on an error of another kind", () => {
    const broken = world(BFF.replace("stock.pieces", "stock.pices"));
    const { codes, lock: next } = run(broken, { text: lock ?? "" });
    expect([codes.length, codes[0]?.startsWith("error BFF3"), next]).toEqual([1, true, undefined]);
  });
});

describe("a run over a part of a workspace", () => {
  const other = BFF.replaceAll("shop.v1", "shopper.v1").replaceAll("GetProduct", "GetThing");
  const both: Protos = { ...world(BFF), "shopper/v1/shopper.proto": other };
  const lock = lockOf(both);

  test("rewrites only the entries of the generated files", () => {
    const changed: Protos = { ...both, "stock/v1/stock.proto": STOCK.replace("int32 pieces = 1", "int32 pieces = 11") };
    const updated = run(changed, { text: lock ?? "", parameter: "lock_mode=update", targets: ["shop/v1/shop.proto"] });
    const { files } = read(updated.lock);
    expect(Object.keys(files)).toEqual(["shop/v1/shop.proto", "shopper/v1/shopper.proto"]);
    expect(Object.values(files).map((entry) => entry["stock.v1.Stock.pieces"]?.number)).toEqual([11, 1]);
    // Nor are the others checked.
    expect(run(changed, { text: updated.lock ?? "", targets: ["shop/v1/shop.proto"] }).codes).toEqual([]);
    expect(run(changed, { text: updated.lock ?? "" }).codes).toEqual(["error BFF913"]);
  });

  test("removes the entry of a file that has lost its rules", () => {
    const plain = `syntax = "proto3"; package shopper.v1; message GetThingRequest {}`;
    const { files } = read(lockOf({ ...both, "shopper/v1/shopper.proto": plain }, lock));
    expect(Object.keys(files)).toEqual(["shop/v1/shop.proto"]);
  });
});

test("the lock and `uses` contain an rpc's `NO_SIDE_EFFECTS` only if the upstream does not declare it", () => {
  const vouched = lockOf(world(BFF, UNMARKED)) ?? "";
  const entry = JSON.parse(vouched).files["shop/v1/shop.proto"]["stock.v1.StockService/GetStock"];
  expect(entry.vouched_by).toEqual(["shop.v1.ShopService/GetProduct"]);
  const lock = parseLock(vouched, "bff.lock.json");
  const { text } = "message" in lock ? { text: lock.message } : describeUses(lock, "stock.v1.StockService");
  expect(text).toContain("    without side effects, on the word of shop.v1.ShopService/GetProduct\n");
  expect(lockOf(world(BFF))).not.toContain("vouched_by");
  const quiet = BFF.replace(" { option idempotency_level = NO_SIDE_EFFECTS; }", ";");
  expect(lockOf(world(quiet, UNMARKED))).not.toContain("vouched_by");
});

test("the lock contains `read_only` as the option that declares it, and keeps the upstream's level as a fact", () => {
  const quiet = BFF.replace(" { option idempotency_level = NO_SIDE_EFFECTS; }", ";");
  const call = quiet.replace('by: "args.sku" }', 'by: "args.sku" } read_only: true');
  const entry = quiet.replace(
    "service ShopService",
    'option (bff.v1.file).upstream = { service: "stock.v1.StockService" read_only: true };\nservice ShopService',
  );
  const voucherOf = (bff: string) => {
    const text = lockOf(world(bff, UNMARKED)) ?? "";
    const { vouched_by, idempotency } = JSON.parse(text).files["shop/v1/shop.proto"]["stock.v1.StockService/GetStock"];
    const lock = parseLock(text, "bff.lock.json");
    const uses = "message" in lock ? lock.message : describeUses(lock, "stock.v1.StockService").text;
    return { vouched_by, idempotency, uses: uses?.split("\n").find((line) => line.includes("on the word of")) };
  };
  expect(voucherOf(call)).toEqual({
    vouched_by: ["shop.v1.Product let.stock.call.read_only"],
    idempotency: "IDEMPOTENCY_UNKNOWN",
    uses: "    without side effects, on the word of shop/v1/shop.proto: shop.v1.Product let.stock.call.read_only",
  });
  expect(voucherOf(entry)).toEqual({
    vouched_by: ["upstream[stock.v1.StockService].read_only"],
    idempotency: "IDEMPOTENCY_UNKNOWN",
    uses: "    without side effects, on the word of shop/v1/shop.proto: upstream[stock.v1.StockService].read_only",
  });
  expect(voucherOf(quiet).vouched_by).toBeUndefined();
  // A word that the upstream's own takes the place of.
  const accepted = lockOf(world(call, UNMARKED)) ?? "";
  expect(run(world(call), { text: accepted }).codes).toEqual(["error BFF918"]);
});

test("all names of an enum are in use if names are computed or parsed at run time", () => {
  const field = (by: string) =>
    shop(STEP.replace(" supplementary: true", ""), `string name = 1 [(bff.v1.field).by = "${by}"];`);
  const all = ["", ".STATE_IN", ".STATE_OLD", ".STATE_OUT", ".STATE_UNSPECIFIED"].map(
    (name) => `stock.v1.State${name}`,
  );
  const used = (by: string) => {
    const [elements = {}] = Object.values(read(lockOf(world(field(by)))).files);
    return Object.keys(elements).filter((name) => name.startsWith("stock.v1.State"));
  };
  expect(used("enums.name(stock.state)")).toEqual(all);
  expect(used("stock.v1.State.parse(stock.note).hasValue() ? 'a' : 'b'")).toEqual(all);
  expect(used("stock.v1.State.from(stock.pieces).hasValue() ? 'a' : 'b'")).toEqual(all);
  expect(used("stock.state == stock.v1.State.STATE_IN ? 'a' : 'b'")).toEqual(["stock.v1.State.STATE_IN"]);
});

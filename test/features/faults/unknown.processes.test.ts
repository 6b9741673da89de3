// The table of faults where values are unknown: only the cells whose outcome depends on such a value are open.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { explore } from "../../../plugin/src/faults/values/decisions.ts";
import { requestOf, UPDATE, UPSTREAMS } from "../../support/golden.ts";
import { tried } from "./on-mocks.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const protos = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetRounded(GetRequest) returns (Rounded) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetHost(GetRequest) returns (Host) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetBranch(GetRequest) returns (Branch) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetGuarded(GetRequest) returns (Guarded) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetRequest { string id = 1; string link = 2; double ratio = 3; }
message Rounded {
  option (bff.v1.message) = { let: [
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } },
    { name: "order" supplementary: true call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }
  ] };
  string name = 1 [(bff.v1.field).by = "item.name"];
  int64 ratio = 2 [(bff.v1.field).by = "int(math.round(args.ratio))"];
  optional string order_id = 3 [(bff.v1.field).by = "order.id"];
  repeated bff.v1.Degradation degraded = 15;
}
// An unknown expression that may be an error.
message Host {
  option (bff.v1.message) = { let: [
    { name: "host" by: "url.getHost(args.link)" },
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } },
    { name: "order" supplementary: true call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }
  ] };
  string name = 1 [(bff.v1.field).by = "item.name"];
  string host = 2 [(bff.v1.field).by = "host"];
  optional string order_id = 3 [(bff.v1.field).by = "order.id"];
  repeated bff.v1.Degradation degraded = 15;
}
// An unknown condition of a step.
message Branch {
  option (bff.v1.message) = { let: [
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } },
    { name: "order" supplementary: true if: "url.isURL(args.link)"
      call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }
  ] };
  string name = 1 [(bff.v1.field).by = "item.name"];
  optional string order_id = 2 [(bff.v1.field).by = "order.id"];
  repeated bff.v1.Degradation degraded = 15;
}
// An unknown guard.
message Guarded {
  option (bff.v1.message) = { let: [
    { guard: { if: "url.isURL(args.link)" fail: { code: INVALID_ARGUMENT } } },
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  ] };
  string name = 1 [(bff.v1.field).by = "item.name"];
}
`,
};

test("the table matches the golden", () => {
  const path = join(root, "test/golden/faults/unknown_faults.txt");
  const request = { ...requestOf({ protos }), parameter: "import_extension=ts,plan=faults" };
  const { response } = compile(request, (name) => ({ ...UPSTREAMS, ...protos })[name as never]);
  expect(response.error).toBe("");
  const text = response.file.find(({ name }) => name.endsWith("_faults.txt"))?.content ?? "";
  if (UPDATE) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, "utf8"));
});

test("generated tests of the predicted cells pass", async () => {
  const { cells, wrong, unpredictable } = await tried("unknown", requestOf({ protos }), { ...UPSTREAMS, ...protos });
  expect(wrong).toEqual([]);
  expect(cells).toBeGreaterThan(40);
  expect(unpredictable.filter((line) => line.startsWith("shop.v1.ShopService/GetRounded"))).toEqual([]);
});

test("exploration covers every combination of decisions, in at most 64 runs", () => {
  const run = (count: number) =>
    explore((decide) => Array.from({ length: count }, (_, i) => decide({ why: String(i), isError: true })).join());
  const three = run(3);
  expect(three.complete).toBe(true);
  expect(new Set(three.runs.map(({ result }) => result)).size).toBe(8);
  expect(three.runs[0].result).toBe("false,false,false");
  expect(run(6)).toMatchObject({ complete: true, runs: { length: 64 } });
  expect(run(7)).toMatchObject({ complete: false, runs: { length: 64 } });
});

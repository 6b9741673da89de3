// Holds docs/language.md#when-a-value-is-missing: values that are computed from lists which may lack items.
import { expect, test } from "vitest";
import { compileCase, UPSTREAMS } from "../../../../test/support/golden.ts";
import { requestFor } from "../../../../test/support/request.ts";

const ORDER = `call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "id" } }`;
const PARTIAL = `{ name: "orders" each: { var: "id" in: "args.ids" max: 5 partial: true ${ORDER} } }`;
const KEYED = `{ name: "orders" each: { var: "id" in: "args.ids" max: 5 key: "id" partial: true ${ORDER} } }`;

function warned(steps: readonly string[], field: string): readonly string[] {
  const proto = `syntax = "proto3"; package app.v1;
import "bff/v1/degradation.proto"; import "bff/v1/options.proto"; import "up/v1/up.proto";
service AppService {
  option (bff.v1.service) = { let: { name: "both" each: {
    var: "id" in: "['a', 'b']" max: 5 partial: true ${ORDER} } } };
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { repeated string ids = 1; }
message Page {
  option (bff.v1.message) = { let: [ ${steps.join(", ")} ] };
  ${field};
  string first = 14 [(bff.v1.field).by = "both[0].id"];
  repeated bff.v1.Degradation degraded = 15;
}
message Orders {
  option (bff.v1.message) = { let: ${PARTIAL} };
  repeated string ids = 1 [(bff.v1.field).by = "orders.map(o, o.id)"];
}
message Counts { int64 count = 1 [(bff.v1.field).by = "size(args.list)"]; }`;
  const texts = { ...UPSTREAMS, "app/v1/app.proto": proto };
  const { diagnostics } = compileCase(requestFor(texts, ["app/v1/app.proto"]), texts);
  const relevant = diagnostics.filter(({ code, severity }) => code === "BFF648" || severity === "error");
  return relevant.map(({ code, message }) => `${code} ${message}`);
}
const by = (type: string, text: string): string => `${type} value = 1 [(bff.v1.field).by = "${text}"]`;

test.each([
  ["int32", "orders.map(o, o.count).sum()"],
  ["int64", "size(orders)"],
  ["bool", "orders.size() > 1"],
  ["bool", "orders.filter(o, o.paid).size() > 0"],
  ["bool", "orders.all(o, o.paid)"],
  ["bool", "orders.exists(o, o.paid)"],
  ["bool", "orders.exists_one(o, o.paid)"],
  ["int64", "math.least(orders.map(o, int(o.count)))"],
  ["int64", "math.greatest(orders.map(o, int(o.count)))"],
  ["string", "orders.map(o, o.id).sort().join(', ')"],
  ["int64", "orders.reduce(r, o, r + int(o.count), 0)"],
  ["bool", "args.ids == orders.map(o, o.id)"],
  ["bool", "'a' in orders.map(o, o.id)"],
  ["string", "'of ' + string(orders.map(o, o.id).size())"],
  ["repeated int64", "args.ids.map(i, orders.filter(o, o.id == i).size())"],
  ["int64", "cel.bind(paid, orders.filter(o, o.paid), paid.size())"],
  ["int64", "args.ids.size() > 3 ? size(orders) : 0"],
  ["int64", "size(args.ids.size() > 1 ? orders : [])"],
  ["int64", "size(both)"],
])("%s %s", (type, text) => {
  const step = text.includes("both") ? "both" : "orders";
  const message = `BFF648 field "value" is computed from step "${step}", which leaves out items that fail`;
  expect(warned([PARTIAL], by(type, text))).toEqual([message]);
});

const elsewhere: readonly [name: string, steps: readonly string[], type: string, text: string, result?: string][] = [
  ["a step between", [PARTIAL, `{ name: "paid" by: "orders.filter(o, o.paid)" }`], "int64", "size(paid)"],
  ["a computed step", [PARTIAL, `{ name: "n" by: "size(orders)" }`], "int64", "n", 'step "n"'],
  [
    "an each over it",
    [PARTIAL, `{ name: "names" each: { var: "o" in: "orders" by: "o.id" } }`],
    "string",
    "names.join()",
  ],
  [
    "a switch",
    [PARTIAL, `{ name: "s" switch: { case: { if: "args.ids.size() > 1" by: "orders" } default: "orders.take(1)" } }`],
    "int64",
    "size(s)",
  ],
  [
    "a fallback",
    [`{ name: "s" if: "args.ids.size() > 1" by: "orders.take(0)" fallback: "orders" }`, PARTIAL],
    "int64",
    "size(s)",
  ],
  ["a map", [KEYED], "int32", "orders.map(k, orders[k].count).sum()"],
  [
    "a field of a composed message",
    [`{ name: "m" compose: { message: "Orders" args: { name: "ids" by: "args.ids" } } }`],
    "int64",
    "size(m.ids)",
  ],
];
test.each(elsewhere)("%s", (_, steps, type, text, result = 'field "value"') => {
  const message = `BFF648 ${result} is computed from step "orders", which leaves out items that fail`;
  expect(warned(steps, by(type, text))).toContain(message);
});

test("an argument", () => {
  const counts = `{ name: "counts" compose: { message: "Counts" args: { name: "list" by: "orders" } } }`;
  const message = 'BFF648 field "count" is computed from step "orders", which leaves out items that fail';
  expect(warned([PARTIAL, counts], "Counts value = 1 [(bff.v1.field).by = 'counts']")).toEqual([message]);
});

test("an input of a call", () => {
  const pay = `{ name: "found" call: { method: "up.v1.ItemService/FindItems" set: { name: "text" by: "orders.map(o, o.id).join()" } } }`;
  const message = 'BFF648 step "found" is computed from step "orders", which leaves out items that fail';
  expect(warned([PARTIAL, pay], by("int32", "found.total"))).toEqual([message]);
});

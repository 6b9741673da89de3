// Diagnostics that an analysis of the whole BFF gives: other errors make it incomplete, and must not cause false ones.
import { expect, test } from "vitest";
import { compileCase, goldenCases, parameterOf, requestOf, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const UP = `syntax = "proto3";
package up.v1;
service S { rpc Get(R) returns (P) { option idempotency_level = NO_SIDE_EFFECTS; } }
message R { string id = 1; }
message P { string id = 1; int64 price = 2; }
`;
const ITEM = `option (bff.v1.message).let = {
  name: "item" supplementary: true call: { method: "up.v1.S/Get" set: { name: "id" by: "args.id" } } };`;
const PRICE = 'optional int64 price = 2 [(bff.v1.field).by = "item.price"];';
const PRODUCT = `${ITEM} ${PRICE}`;
const appOf = (product: string, copy: string) => `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
service S { option (bff.v1.service) = {}; rpc Get(Req) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Req { string id = 1; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "x" compose: { message: "Product" args: { name: "id" by: "args.id" } } },
    { name: "o" compose: { message: "Outer" args: { name: "id" by: "args.id" } } },
    { name: "xs" each: { var: "i" in: "[args.id]" compose: { message: "Product" args: { name: "id" by: "i" } } } }
  ] };
  bool a = 1 [(bff.v1.field).by = "ok(x.price)"];
  int64 b = 2 [(bff.v1.field).by = "ok(o.copy.price) ? o.copy.price : 0"];
  int64 c = 3 [(bff.v1.field).by = "xs.filter(l, ok(l.price)).map(l, l.price).sum()"];
  bool d = 4 [(bff.v1.field).by = "ok(o.product.price)"];
  repeated bff.v1.Degradation degraded = 15;
}
message Outer {
  option (bff.v1.message).let = { name: "x" compose: { message: "Product" args: { name: "id" by: "args.id" } } };
  Copy copy = 1 [(bff.v1.field).by = "x"];
  Product product = 2 [(bff.v1.field).by = "x"];
}
message Copy { option (bff.v1.message).alias = "Product"; ${copy} }
message Product { ${product} }
`;
const COPY = "optional int64 price = 2;";
const CIRCLE =
  'option (bff.v1.message).let = { name: "y" compose: { message: "Product" args: { name: "id" by: "args.id" } } };';

test.each([
  ["no error", PRODUCT, COPY, []],
  [
    "a required field over a supplementary step",
    `${PRODUCT} string id = 1 [(bff.v1.field).by = "item.id"];`,
    COPY,
    ["BFF601"],
  ],
  ["the field itself", `${ITEM} int64 price = 2 [(bff.v1.field).by = "item.price"];`, COPY, ["BFF601"]],
  ["a wrong path", `${ITEM} ${PRICE.replace("item.price", "item.prise")}`, COPY, ["BFF303"]],
  ["a wrong method", `${ITEM.replace("S/Get", "S/Gett")} ${PRICE}`, COPY, ["BFF201"]],
  ["an unknown step", PRICE, COPY, ["BFF302"]],
  ["a circle", `${CIRCLE} ${PRODUCT}`, COPY, ["BFF409"]],
  ["another field of the copy", PRODUCT, `${COPY} string nothing = 3;`, ["BFF404"]],
  ["the field of the copy", PRODUCT, "optional string price = 2;", ["BFF405"]],
  ["a field that is never missing", `${ITEM} int64 price = 2 [(bff.v1.field).by = "1"];`, COPY, ["BFF308"]],
])("an `ok` of a field is reported for no error but %s", (_, product, copy, codes) => {
  const protos = { "up/v1/up.proto": UP, "app/v1/app.proto": appOf(product, copy) };
  const { diagnostics } = compileCase(requestFor(protos, ["app/v1/app.proto"]), protos);
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code);
  expect([...new Set(errors)]).toEqual(codes);
});

test.each([
  ["mirrors", "books.v1.BookService/GetBook"],
  ["subset", "up.v1.ItemService/GetItem"],
  ["subset", "up.v1.ItemService/FindItems"],
  ["limits-streams", "up.v1.ItemService/WatchItem"],
])("without the method, %s has no errors but those of its calls (%s)", (name, method) => {
  const [golden] = goldenCases("emit").filter((each) => each.name === name);
  const protos = Object.fromEntries(
    Object.entries(golden?.protos ?? {}).map(([file, text]) => [
      file,
      text.replaceAll(`"${method}"`, `"${method}None"`),
    ]),
  );
  const { diagnostics } = compileCase(requestOf({ protos }), { ...UPSTREAMS, ...protos }, parameterOf({ protos }));
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code);
  expect([...new Set(errors)]).toEqual(["BFF201"]);
});

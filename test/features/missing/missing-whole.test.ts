// Expressions that compare whole messages: a field that a failure left out, at any depth, is no default.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stubbed, type StubbedBff, stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service Products { rpc Get(GetRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string id = 1; }
message Product { int64 units = 1; Product like = 2; }
`;

/** Expressions over the lines and the request, with their values if no line has a price, and if each has one. */
const COMPARISONS: readonly (readonly [by: string, unpriced: unknown, priced: unknown])[] = [
  ["lines[0] == lines[1]", true, true],
  ["lines[0] != lines[1]", false, false],
  ["lines[0].product == lines[1].product", true, true],
  ["lines == [lines[1], lines[0]]", true, true],
  ["{'a': lines[0]} == {'a': lines[1]}", true, true],
  ["named == named", true, true],
  ["lines[0] in lines", true, true],
  ["dyn(lines[0]) in [dyn(lines[1])]", true, true],
  ["[dyn(lines[0]), 1] == [dyn(lines[1]), 1]", true, true],
  ["lines.exists(l, l == lines[0])", true, true],
  ["lines.all(l, cel.bind(p, l.product, p == lines[0].product))", true, true],
  ["size(lines.filter(l, l in lines)) == 2", true, true],
  ["size(lines.distinct()) == 1", true, true],
  ["sets.contains(lines, lines)", true, true],
  ["sets.equivalent(lines, lines)", true, true],
  ["sets.intersects(lines, lines)", true, true],
  ["optional.of(lines[0]) == lines.first()", true, true],
  ["optional.ofNonZeroValue(lines[0]).hasValue()", true, true],
  ["own.isFree(lines[0].product)", true, false],
  ["copies[0] == copies[1]", true, true],
  ["args.ids == [] || lines[0] == lines[1]", true, true],
  ["args.ids == [] ? lines[0] == lines[1] : true", true, true],
  ["lines[0].product.like == lines[0].product.like", true, true],
  ["'a' in named", true, true],
];
/** Those that read no missing field: one in a branch that is not taken, an upstream's message, and a key. */
const UNTOUCHED = new Set([21, 23]);
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
option (bff.v1.file).function = { name: "own.isFree" param: ["app.v1.CartProduct"] result: "bool" };
service CartService {
  option (bff.v1.service) = {};
  rpc GetCart(GetCartRequest) returns (Cart) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetCartRequest { repeated string ids = 1; }
message Cart {
  option (bff.v1.message).let = {
    name: "lines" each: { var: "id" in: "args.ids" max: 9 compose: { message: "CartLine" args: { name: "id" by: "id" } } } };
  option (bff.v1.message).let = {
    name: "named" each: { var: "id" key: "id" in: "['a']" max: 9 compose: { message: "CartLine" args: { name: "id" by: "args.ids[0]" } } } };
  option (bff.v1.message).let = {
    name: "copies" each: { var: "id" in: "args.ids" max: 9 compose: { message: "LineCopy" args: { name: "id" by: "id" } } } };
  option (bff.v1.message).let = { name: "same" supplementary: true by: "lines[0] == lines[1]" };
${COMPARISONS.map(([by], i) => `  optional bool f${i} = ${i + 1} [(bff.v1.field).by = "${by}"];`).join("\n")}
  bool handled = 50 [(bff.v1.field).by = "!ok(same) || same"];
  repeated CartLine distinct = 51 [(bff.v1.field).by = "lines.distinct()"];
  repeated bff.v1.Degradation degraded = 60;
}
message CartLine {
  option (bff.v1.message).let = { name: "product" compose: { message: "CartProduct" args: { name: "id" by: "args.id" } } };
  CartProduct product = 2 [(bff.v1.field).by = "product"];
}
message LineCopy { option (bff.v1.message).alias = "CartLine"; ProductCopy product = 2; }
message ProductCopy { option (bff.v1.message).alias = "CartProduct"; int64 units = 1; }
message CartProduct {
  option (bff.v1.message).let = {
    name: "product" supplementary: true
    call: { method: "up.v1.Products/Get" set: { name: "id" by: "args.id" } retry: { attempts: 1 } } };
  optional int64 units = 1 [(bff.v1.field).by = "product.units"];
  up.v1.Product like = 2 [(bff.v1.field).by = "product.like"];
}
`;

let project: Stubbed;
let bff: StubbedBff;
beforeAll(async () => {
  project = await stubbed({
    name: "missing-whole",
    protos: { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF },
    targets: ["app/v1/app.proto"],
  });
  bff = await project.serve({
    functions: { ownIsFree: ({ units = 0n }: { units?: bigint }) => units === 0n },
    stubs: {
      "up.v1.Products/Get": ({ id }) => {
        if (id === "down") throw new ConnectError("down", Code.Unavailable);
        return id === "unpriced" ? {} : { units: "5" };
      },
    },
  });
});
afterAll(async () => {
  await bff.close();
  project.remove();
});

async function cart(...ids: string[]) {
  const { status, body } = await bff.send("app.v1.CartService/GetCart", { ids });
  expect(status).toBe(200);
  const { degraded = [], ...values } = body;
  const effects = (degraded as { path: string; effect: string }[]).map(({ path, effect }) => [path, effect]);
  return { values, effects: Object.fromEntries(effects) };
}
const fields = (value: (row: (typeof COMPARISONS)[number], at: number) => unknown) =>
  Object.fromEntries(
    COMPARISONS.map((row, i) => [`f${i}`, value(row, i)]).filter(([, of]) => of !== undefined) as [string, unknown][],
  );

test("messages without missing fields are compared, an unset field by its default", async () => {
  const priced = await cart("a", "a");
  expect(priced).toMatchObject({ values: { ...fields(([, , value]) => value), handled: true }, effects: {} });
  const unpriced = await cart("unpriced", "unpriced");
  expect(unpriced).toMatchObject({ values: { ...fields(([, value]) => value), handled: true }, effects: {} });
});

test("a comparison of messages that lack a field is missing, wherever it is", async () => {
  const { values, effects } = await cart("down", "down");
  const expected = fields(([, value], i) => (UNTOUCHED.has(i) ? value : undefined));
  expect(values).toEqual({ ...expected, handled: true });
  expect(effects).toEqual({
    ...fields((_, i) => (UNTOUCHED.has(i) ? undefined : "EFFECT_MISSING")),
    // The branch that is not taken reads them.
    ...{ f21: "EFFECT_REPLACED", handled: "EFFECT_REPLACED", distinct: "EFFECT_MISSING" },
  });
});

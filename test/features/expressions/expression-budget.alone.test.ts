// Holds docs/runtime.md#bytes
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Metrics } from "../../../packages/server/src/metrics/metrics.ts";
import { type Stubbed, type StubbedBff, stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service Things { rpc Get(Id) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Id { string id = 1; }
message Thing { string id = 1; repeated string tags = 2; }
`;

/** Values of fields that take more steps than a request has: of long lists and texts of the request, or of an answer. */
const COSTLY: Readonly<Record<string, string>> = {
  Nested: "string(size(args.list.filter(x, args.list.exists(y, y == x + 'z'))))",
  Contained: "string(args.list.all(x, !((x + 'z') in args.list)))",
  Joined: "args.list.map(x, args.key).join(args.key)",
  Added: "args.list.map(x, args.key + x)[0]",
  Replaced: "args.list.map(x, args.key.replace('k', 'kk'))[0]",
  Matched: "string(args.list.exists(x, args.key.matches(x + 'z+$')))",
  Contains: "string(args.list.exists(x, args.key.contains(x)))",
  Flattened: "string(size(args.list.map(x, args.list).flatten()))",
  Sorted: "string(args.list.exists(x, args.list.sort()[0] == x + 'z'))",
  Reduced: "args.list.reduce(r, x, args.list.map(y, y)[0] + x, '')",
  Formatted: "args.list.map(x, '%s'.format([args.key]))[0]",
  Compared: "string(args.list.exists(x, args.key == args.key2))",
  Absorbed: "string(args.list.exists(x, args.list.exists(y, int(y) == size(x))) || args.list[0] == 'q')",
  AbsorbedOr: "string(args.list.exists(x, args.list.all(y, int(y) == 0 || y == '') || false))",
  Repeated: "args.list.map(x, 'k'.repeat(100000))[0]",
  Paired: "string(args.list.exists(i, x, args.list.exists(j, y, i + j < 0)))",
  Dynamic: "string(args.any.list.exists(x, args.any.list.exists(y, y == dyn(3.5))))",
};
const OF_ANSWER = "string(thing.tags.exists(x, thing.tags.exists(y, y == x + 'z')))";
const THING = '{ name: "thing" call: { method: "up.v1.Things/Get" set: { name: "id" by: "args.key" } } }';
const costly = Object.entries(COSTLY);

const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "bff/v1/degradation.proto";
import "buf/validate/validate.proto";
import "google/protobuf/struct.proto";
service App {
  option (bff.v1.service) = {};
${costly.map(([name]) => `  rpc ${name}(Request) returns (${name}Page);`).join("\n")}
  rpc OfAnswer(Request) returns (AnswerPage);
  rpc Supplementary(Request) returns (SupplementaryPage);
  rpc PerItem(Request) returns (ItemsPage);
  rpc Validated(ValidatedRequest) returns (PlainPage);
  rpc Limited(Request) returns (PlainPage) {
    option (bff.v1.method).rate_limit = { name: "by_list" key: "args.list.filter(x, args.list.exists(y, y == x + 'z')).join('') + 'k'" rate: 1000000 per: "1s" };
  }
  rpc Guarded(Request) returns (GuardedPage);
}
message Request { repeated string list = 1; string key = 2; string key2 = 3; google.protobuf.Struct any = 4; }
message ValidatedRequest {
  option (buf.validate.message).cel = { id: "twins" message: "twins" expression: "!this.list.exists(x, this.list.exists(y, y == x + 'z'))" };
  repeated string list = 1;
}
message PlainPage { string text = 1 [(bff.v1.field).by = "string(size(args.list))"]; }
${costly.map(([name, by]) => `message ${name}Page { string text = 1 [(bff.v1.field).by = "${by}"]; }`).join("\n")}
message AnswerPage { option (bff.v1.message).let = ${THING}; string text = 1 [(bff.v1.field).by = "${OF_ANSWER}"]; }
message SupplementaryPage {
  option (bff.v1.message).let = { name: "found" supplementary: true call: { method: "up.v1.Things/Get" set: { name: "id" by: "${COSTLY.Nested}" } } };
  optional string text = 1 [(bff.v1.field).by = "found.id"];
  repeated bff.v1.Degradation degraded = 2;
}
message ItemsPage {
  option (bff.v1.message).let = { name: "cards" each: { var: "item" in: "args.list" max: 10000 compose: { message: "Card" args: [{ name: "item" by: "item" }, { name: "list" by: "args.list" }] } } };
  repeated Card items = 1 [(bff.v1.field).by = "cards"];
}
message Card { bool text = 1 [(bff.v1.field).by = "args.list.exists(x, x == args.item + 'z')"]; }
message GuardedPage {
  option (bff.v1.message).let = { guard: { if: "!args.list.exists(x, args.list.exists(y, y == x + 'z'))" fail: { code: NOT_FOUND message: "twins" } } };
  string text = 1 [(bff.v1.field).by = "string(size(args.list))"];
}
`;

const METRIC = "bff_expression_budget_total";
let bff: Stubbed;
let server: StubbedBff;
const metrics = new Metrics();

beforeAll(async () => {
  bff = await stubbed({
    name: "expression-budget",
    protos: { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF },
    targets: ["app/v1/app.proto"],
  });
  const thing = ({ id }: JsonObject) => ({
    id: id ?? "",
    tags: Array.from({ length: Number(id) || 3 }, (_, i) => `t${i}`),
  });
  server = await bff.serve({ stubs: { "up.v1.Things/Get": thing }, observer: metrics });
});
afterAll(async () => {
  await server.close();
  bff.remove();
  metrics.close();
});

const list = (length: number) => Array.from({ length }, (_, i) => `a${i}`);
const long = { list: list(6000), key: "k".repeat(50_000), key2: `${"k".repeat(49_999)}j` };
const longDynamic = { any: { list: list(6000).map((_, i) => i) } };
const short = { list: ["1", "2"], key: "3", key2: "3", any: { list: [1, 2] } };

function counted(rpc: string): number {
  const family = metrics.snapshot().families.find(({ name }) => name === METRIC);
  const sample = family?.samples.find(({ labels }) => labels.includes(`app.v1.App/${rpc}`));
  return Number(sample?.value ?? 0);
}

async function expectExhausted(rpc: string, request: JsonObject): Promise<void> {
  const before = counted(rpc);
  const { status, body } = await server.send(`app.v1.App/${rpc}`, request);
  expect({ status, code: body.code }).toEqual({ status: 429, code: "resource_exhausted" });
  const [{ value = "" } = {}] = body.details as { value?: string }[];
  expect(Buffer.from(value, "base64").toString()).toContain("EXPRESSION_BUDGET");
  expect(counted(rpc)).toBe(before + 1);
}

describe("expressions over long lists and texts of the request fail the response", () => {
  test.each(costly)("%s: %s", (rpc) => expectExhausted(rpc, rpc === "Dynamic" ? longDynamic : long));
});
test.each(costly)("%s answers a short request: %s", async (rpc) => {
  const { status, body } = await server.send(`app.v1.App/${rpc}`, short);
  expect(body.code ?? "ok").not.toBe("resource_exhausted");
  if (!rpc.startsWith("Absorbed")) expect(status).toBe(200);
});

test("nested macros over a list of an answer count, too", async () => {
  await expectExhausted("OfAnswer", { key: "8000" });
  expect((await server.send("app.v1.App/OfAnswer", { key: "20" })).status).toBe(200);
});
test("a supplementary step does not hide the failure", async () => {
  await expectExhausted("Supplementary", long);
  expect((await server.send("app.v1.App/Supplementary", short)).status).toBe(200);
});
test("expressions of all items of a list have one budget", async () => {
  await expectExhausted("PerItem", { list: list(6000) });
  expect((await server.send("app.v1.App/PerItem", { list: list(300) })).status).toBe(200);
});
test("a guard counts", async () => {
  await expectExhausted("Guarded", long);
});
test.each(["Validated", "Limited"])("%s has a tenth of the budget", async (rpc) => {
  await expectExhausted(rpc, { list: list(1500) });
  const reply = await server.send(`app.v1.App/${rpc}`, { list: list(300) });
  expect(reply.status).toBe(200);
});

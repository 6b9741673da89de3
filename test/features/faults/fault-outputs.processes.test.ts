// What `faults=` and `plan=faults` write of the examples: the table that people read, and tests that hold.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { MockFault } from "../../../packages/testing/src/fault-cell.ts";
import { compile } from "../../../plugin/src/compile.ts";
import { protosIn } from "../../proofs/load/bffs.ts";
import { goldenTexts } from "../../support/archive.ts";
import { requestOf, UPDATE, UPSTREAMS } from "../../support/golden.ts";
import { messagesOf } from "../../support/messages.ts";
import { requestFor } from "../../support/request.ts";
import { tried } from "./on-mocks.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = join(root, `test/.generated/faults-emitted-${process.pid}`);
const protos = protosIn("proto/example");
const request = requestFor(protos, ["web/v1/web.proto", "mobile/v1/mobile.proto", "account/v1/account.proto"]);
const parameter = "import_extension=ts,mock=true,faults=node,plan=faults";
const SPENDING = "account.v1.AccountService/GetSpending";
const RPC = "web.v1.DashboardService/GetDashboard";

function compiled(examples?: string) {
  return compile({ ...request, parameter }, (name) => protos[name], undefined, examples).response;
}
function textOf(name: string, examples?: string): string {
  return compiled(examples).file.find((file) => file.name === name)?.content ?? "";
}
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ADMIN = { principal: { id: "u-1", workspaces: ["workspace_id-1"], roles: ["admin"] } };

test("the table names the caller: an authorized one, a configured one, or an anonymous one", () => {
  const examples = {
    [SPENDING]: [
      { name: "an admin", caller: ADMIN },
      { name: "of another workspace", request: { workspaceId: "w-2" }, caller: ADMIN },
      { name: "nobody", caller: null },
    ],
  };
  const tables = textOf("account/v1/account_faults.txt", JSON.stringify(examples)).split("\n\n");
  const heads = tables
    .filter((table) => table.startsWith(SPENDING))
    .map((table) => table.trim().replace(`${SPENDING}, `, ""));
  expect(heads).toEqual([
    `the sample request
  called by somebody known from "user", roles = ["roles-1","admin"], workspaces = ["workspaces-1","workspace_id-1"]
  when nothing is wrong: nothing is missing`,
    `an admin
  called by somebody known from "user"
  when nothing is wrong: nothing is missing`,
    `of another workspace
  called by somebody known from "user"
  when nothing is wrong: the request fails: PERMISSION_DENIED`,
    `nobody
  called by nobody that is known
  when nothing is wrong: the request fails: UNAUTHENTICATED`,
  ]);
});

test("the table matches the golden", () => {
  const path = join(root, "test/golden/faults/web_faults.txt");
  const text = textOf("web/v1/web_faults.txt");
  if (UPDATE) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, "utf8"));
});

describe("generated tests pass", async () => {
  const examples = JSON.stringify({
    [RPC]: [{ name: "no workspace", request: { userId: "u-1" }, headers: { Authorization: "Bearer x" } }],
    [SPENDING]: [{ name: "an admin in a browser", caller: { ...ADMIN, source: "browser" } }],
  });
  const files = {
    ...messagesOf(request),
    ...Object.fromEntries(compiled(examples).file.map((file) => [file.name, file.content])),
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  for (const name of ["web/v1/web", "mobile/v1/mobile", "account/v1/account"]) {
    expect(files[`${name}_faults.test.ts`]).toContain('from "node:test"');
    const { faultTests } = await import(pathToFileURL(join(folder, `${name}_faults.ts`)).href);
    faultTests(test);
  }
});

test("a wrong prediction fails its test", async () => {
  const { runFaultTest } = await import("../../../packages/testing/src/fault-cell.ts");
  const { createTestBff } = await import("../../../generated/web/v1/web_mock.ts");
  const cell = { call: "billing.v1.BillingService/GetUsage", fault: "timeout" } as const;
  const run = (predicted: string) =>
    runFaultTest(
      () => createTestBff(),
      cell,
      predicted,
      (bff, call) => bff.getDashboard({ workspaceId: "w" }, call),
    );
  await run("spent_cents MISSING TIMEOUT billing.v1.BillingService");
  for (const wrong of [
    "answer",
    "status UNAVAILABLE",
    "spent_cents REPLACED TIMEOUT billing.v1.BillingService",
    "spent_cents MISSING LIMITED billing.v1.BillingService",
    "unread MISSING TIMEOUT billing.v1.BillingService",
    "spent_cents MISSING TIMEOUT billing.v1.BillingService, unread MISSING TIMEOUT billing.v1.BillingService",
  ])
    await expect(run(wrong)).rejects.toThrow(`predicted ${wrong}, got spent_cents MISSING TIMEOUT`);
});

describe("faults.json", () => {
  const errorOf = (examples: unknown) =>
    compiled(typeof examples === "string" ? examples : JSON.stringify(examples)).error;
  test.each([
    ["{", "faults.json is not JSON"],
    ['{ "a": [],\n  "\\u0061": [] }', 'faults.json:2:3: "a" is given twice in one object'],
    ['{ "a": [{ "n": {"b": "}"}, "m": {"b": ":"} }, { "n": "{", "n": 1 }] }', 'faults.json:1:59: "n" is given twice'],
    [
      '{"a": [{ "n": 9007199254740993 }]}',
      'the number 9007199254740993, which loses digits: write it as "9007199254740993"',
    ],
    ['{"a": [{ "n": 1e999 }]}', 'the number 1e999, which loses digits: write it as "1e999"'],
    ['{"a/b": [{ "n": [9007199254740992, 1.5, 1e300, -0] }]}', "there is no such rpc in this run"],
    [[], "is an object with an rpc for each key"],
    [{ "web.v1.Nobody/Get": [] }, "there is no such rpc in this run"],
    [{ [RPC]: {} }, "no list of at most 100 requests"],
    [{ [RPC]: Array.from({ length: 101 }, () => ({ name: "x" })) }, "no list of at most 100 requests"],
    [{ [RPC]: [1] }, "is no object"],
    [{ [RPC]: [{ request: {} }] }, "has no name"],
    [{ [RPC]: [{ name: "x", requests: {} }] }, 'has "requests"'],
    [{ [RPC]: [{ name: "x", headers: { a: 1 } }] }, "headers are texts by name"],
    [{ [RPC]: [{ name: "x", request: { workspace: "w" } }] }, "workspace"],
    [{ [RPC]: [{ name: "x", caller: null }] }, "but the package has no identity: leave it out"],
    [{ [SPENDING]: [{ name: "x", caller: 1 }] }, "a caller is an object, or null"],
    [{ [SPENDING]: [{ name: "x", caller: {} }] }, "a caller has a principal"],
    [{ [SPENDING]: [{ name: "x", caller: { id: "u" } }] }, 'a caller has no "id"'],
    [{ [SPENDING]: [{ name: "x", caller: { principal: { ids: "u" } } }] }, "ids"],
    [{ [SPENDING]: [{ name: "x", caller: { ...ADMIN, source: "robot" } }] }, 'source is "user" or "browser"'],
  ])("%j", (examples, text) => {
    expect(errorOf(examples)).toContain(text);
  });
  test("is read for tables and tests of faults only", () => {
    const { error } = compile({ ...request, parameter: "plan=json" }, (name) => protos[name], undefined, "{").response;
    expect(error).toBe("");
  });
});

describe("the faults of a stream", () => {
  const streams = (name: string) => goldenTexts(`emit/${name}`, "proto");
  test("have the table of the golden", () => {
    const protos = streams("stream");
    const path = join(root, "test/golden/faults/stream_faults.txt");
    const request = { ...requestOf({ protos }), parameter: "import_extension=ts,plan=faults" };
    const { response } = compile(request, (name) => ({ ...UPSTREAMS, ...protos })[name]);
    const text = response.file.find(({ name }) => name.endsWith("_faults.txt"))?.content ?? "";
    if (UPDATE) writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, "utf8"));
  });
  test.each(["stream", "topics", "defer", "defer-editions"])("have generated tests that pass: %s", async (name) => {
    const protos = streams(name);
    const { wrong, cells } = await tried(name, requestOf({ protos }), { ...UPSTREAMS, ...protos });
    expect(wrong.join("\n")).toBe("");
    expect(cells).toBeGreaterThan(10);
  });
  test("have a test that fails if the predicted end is wrong", async () => {
    const { runFaultTest } = await import("../../../packages/testing/src/fault-cell.ts");
    const { createTestBff } = await import("../../../generated/runs/v1/runs_mock.ts");
    const call = "worker.v1.WorkerService/Watch";
    const run = (predicted: string, fault: MockFault) =>
      runFaultTest(createTestBff, { call, fault, followed: 1 }, predicted, (bff, call) =>
        bff.followRun({ runId: "r-1" }, call),
      );
    await run("answer; then status INTERNAL", "garbage later");
    for (const wrong of ["answer; then item", "answer; then end", "answer; then status UNAVAILABLE"])
      await expect(run(wrong, "garbage later")).rejects.toThrow("then status INTERNAL");
    await expect(run("answer; then item", "unavailable")).rejects.toThrow("got UNAVAILABLE");
  });
});

test("a request with rules has predictions, because its sample satisfies them, and their tests pass", async () => {
  const protos = {
    "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "buf/validate/validate.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest {
  string id = 1 [(buf.validate.field).string.uuid = true];
  int32 count = 2 [(buf.validate.field).int32 = { gte: 10 lte: 20 }];
}
message Page {
  option (bff.v1.message).let = {
    name: "one"
    call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }
  };
  string name = 1 [(bff.v1.field).by = "one.name"];
}
`,
  };
  const { cells, wrong, unpredictable } = await tried("rules", requestOf({ protos }, UPSTREAMS), {
    ...UPSTREAMS,
    ...protos,
  });
  expect({ wrong, unpredictable }).toEqual({ wrong: [], unpredictable: [] });
  expect(cells).toBe(10);
});

test("the first item of a list of calls fails alone, and the generated tests pass", async () => {
  const protos = {
    "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "buf/validate/validate.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { repeated string ids = 1 [(buf.validate.field).repeated = { min_items: 2 unique: true }]; }
message Page {
  option (bff.v1.message).let = {
    name: "orders" supplementary: true each: { var: "id" in: "args.ids" partial: true min: 0
    call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "id" } } }
  };
  option (bff.v1.message).let = {
    name: "cards" each: { var: "id" in: "args.ids" max: 9 compose: { message: "Card" args: { name: "id" by: "id" } } }
  };
  option (bff.v1.message).let = { name: "stock" supplementary: true by: "cards.map(c, c.stock).sum()" };
  repeated string ids = 1 [(bff.v1.field).by = "orders.map(o, o.id)"];
  optional int64 count = 2 [(bff.v1.field).by = "size(orders)"];
  optional int64 stock = 3 [(bff.v1.field).by = "stock"];
  repeated bff.v1.Degradation degraded = 15;
}
message Card {
  option (bff.v1.message).let = {
    name: "item" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }
  };
  optional int32 stock = 1 [(bff.v1.field).by = "item.stock"];
}
`,
  };
  const texts = { ...UPSTREAMS, ...protos };
  const request = requestOf({ protos }, UPSTREAMS);
  const { wrong, unpredictable } = await tried("one-item", request, texts);
  expect({ wrong, unpredictable }).toEqual({ wrong: [], unpredictable: [] });
  const { file } = compile({ ...request, parameter: "plan=faults" }, () => undefined).response;
  const table = file.find(({ name }) => name.endsWith("_faults.txt"))?.content ?? "";
  expect(table.match(/one item .*/g)?.map((row) => row.replace(/ {2,}/, ": "))).toEqual([
    "one item: answered, with ids incomplete, count incomplete",
    "one item: answered, with stock missing",
  ]);
});

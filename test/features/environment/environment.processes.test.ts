// Variables of all types, under their names and others, in a generated server and by the oracle.
import { afterAll, beforeAll, expect, test } from "vitest";
import { irOf, run } from "../../proofs/oracle/scenario.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = { env: [
  { name: "SIZES" type: "list(int)" default: "1,2" alternate: "OLD_SIZES" },
  { name: "LIMITS" type: "map(string, uint)" },
  { name: "WAITS" type: "list(duration)" default: "250ms" },
  { name: "NAMES" type: "map(string, string)" default: "" alternate: ["OLD_NAMES", "OLDER_NAMES"] },
  { name: "COUNT" type: "uint" default: "3" alternate: "OLD_COUNT" max: "20" }
] };
service Shop {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = { let: { name: "known" by: "args.id in env.LIMITS" } };
  repeated int64 sizes = 1 [(bff.v1.field).by = "env.SIZES.map(s, s * 2)"];
  uint64 limit = 2 [(bff.v1.field).by = "args.id in env.LIMITS ? env.LIMITS[args.id] : env.COUNT"];
  bool known = 3 [(bff.v1.field).by = "known"];
  bool slow = 4 [(bff.v1.field).by = "env.WAITS.exists(w, w > duration('1s'))"];
  map<string, string> names = 5 [(bff.v1.field).by = "env.NAMES"];
}
`,
  "store/v1/store.proto": `syntax = "proto3";
package store.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = { env: { name: "STORE_HOST" type: "string" } host: ["a.example", "eu.{env.STORE_HOST}"] };
service Store {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page { string id = 1 [(bff.v1.field).by = "args.id"]; }
`,
};
const project = new GeneratedProject("environment", PROTOS);

beforeAll(() => project.generate());
afterAll(() => project.remove());

test("expressions read variables that are lists, maps or renamed", async () => {
  expect(project.typeChecked()).toBe("");
  const env = { LIMITS: "a=7, b\\,c = 8", OLD_SIZES: "5, 6", WAITS: "1ms,2s", OLDER_NAMES: "k=v w", OLD_COUNT: "9" };
  const { post } = await project.served("shop/v1/server.ts", {}, env);
  const values = { SIZES: [5, 6], LIMITS: { a: 7, "b,c": 8 }, WAITS: [], NAMES: { k: "v w" }, COUNT: 9 };
  for (const [id, limit, known] of [
    ["a", "7", true],
    ["b,c", "8", true],
    ["x", "9", false],
  ] as const) {
    const { body } = await post("shop.v1.Shop/GetPage", { id });
    const answer = { sizes: ["10", "12"], limit, ...(known && { known }), names: { k: "v w" } };
    expect(body).toEqual({ ...answer, slow: true });
    expect(run(irOf({ ...UPSTREAMS, ...PROTOS }), "shop.v1.Shop/GetPage", { request: { id }, env: values })).toEqual({
      answer,
    });
  }
});

test("a malformed or missing variable prevents the start and is reported by the name that is set", () => {
  const { status, stderr } = project.start("shop/v1/server.ts", { LIMITS: "a=-1", OLD_SIZES: "1,x" });
  expect(status).toBe(2);
  expect(stderr).toContain(
    'OLD_SIZES is "1,x"; write a whole number of at most 64 bits, or several separated by commas',
  );
  expect(stderr).toContain('LIMITS is "a=-1"; write key=value, or several separated by commas, each key once');
  expect(project.start("shop/v1/server.ts", {}).stderr).toContain("LIMITS is not set; write key=value");
  const above = project.start("shop/v1/server.ts", { LIMITS: "", OLD_COUNT: "21" });
  expect([above.status, above.stderr]).toEqual([
    2,
    expect.stringContaining('OLD_COUNT is "21", above its maximum of 20; write at most 20'),
  ]);
});

test("a variable that makes no host name is listed", () => {
  const env = { STORE_HOST: "https://shop.example", PORT: "0" };
  const { status, stderr } = project.start("store/v1/server.ts", env);
  expect([status, stderr]).toEqual([
    2,
    expect.stringContaining('STORE_HOST makes the host "eu.https://shop.example", which is none; write a host name'),
  ]);
});

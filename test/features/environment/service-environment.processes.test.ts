// Variables of services, as a generated server reads them: each service has its own value under one name.
import { afterAll, beforeAll, expect, test } from "vitest";
import { irOf, run } from "../../proofs/oracle/scenario.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "cards/v1/cards.proto";
service WebService {
  option (bff.v1.service) = {
    env: [
      { name: "BRAND" type: "string" default: "shop" },
      { name: "LIMIT" type: "uint" }
    ]
    let: { name: "greeting" by: "'Welcome to ' + env.BRAND" }
  };
  rpc GetCard(GetCardRequest) returns (cards.v1.Card) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetGreeting(GetCardRequest) returns (Greeting) { option idempotency_level = NO_SIDE_EFFECTS; }
}
service MobileService {
  option (bff.v1.service) = {
    env: [
      { name: "BRAND" type: "string" default: "pocket" alternate: ["MOBILE_BRAND", "POCKET_BRAND"] },
      { name: "LIMIT" type: "uint" alternate: "MOBILE_LIMIT" }
    ]
  };
  rpc GetCard(GetCardRequest) returns (cards.v1.Card) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetCardRequest {}
message Greeting { string text = 1 [(bff.v1.field).by = "greeting"]; }
`,
  "cards/v1/cards.proto": `syntax = "proto3";
package cards.v1;
import "bff/v1/options.proto";
message Card {
  string brand = 1 [(bff.v1.field).by = "env.BRAND"];
  uint64 limit = 2 [(bff.v1.field).by = "env.LIMIT + 1u"];
}
`,
};
const project = new GeneratedProject("service-environment", PROTOS);

beforeAll(() => project.generate());
afterAll(() => project.remove());

test.each([
  [{ LIMIT: "3" }, ["shop", 3], ["pocket", 3]],
  [{ LIMIT: "3", MOBILE_LIMIT: "5" }, ["shop", 3], ["pocket", 3]],
  [{ LIMIT: "3", POCKET_BRAND: "p" }, ["shop", 3], ["p", 3]],
  [{ LIMIT: "3", POCKET_BRAND: "p", MOBILE_BRAND: "m" }, ["shop", 3], ["m", 3]],
  [{ LIMIT: "3", BRAND: "both", MOBILE_BRAND: "m" }, ["both", 3], ["both", 3]],
] as const)("each service reads its own variables of %j", async (env, web, mobile) => {
  const { post } = await project.served("shop/v1/server.ts", {}, env);
  const ir = irOf({ ...UPSTREAMS, ...PROTOS });
  for (const [service, [brand, limit]] of [
    ["WebService", web],
    ["MobileService", mobile],
  ] as const) {
    const rpc = `shop.v1.${service}/GetCard`;
    const { body } = await post(rpc, {});
    expect(body).toEqual({ brand, limit: String(limit + 1) });
    expect(run(ir, rpc, { request: {}, env: { BRAND: brand, LIMIT: limit } })).toEqual({ answer: body });
  }
  const { body } = await post("shop.v1.WebService/GetGreeting", {});
  expect(body).toEqual({ text: `Welcome to ${web[0]}` });
});

test("a value that is wrong for both services prevents the start and is reported once", () => {
  expect(project.typeChecked()).toBe("");
  const { status, stderr } = project.start("shop/v1/server.ts", { LIMIT: "-1" });
  expect(status).toBe(2);
  expect(stderr).toBe(
    'shop.v1 cannot start: 1 variable is missing or malformed\n  LIMIT is "-1"; write a whole number of at most 64 bits, not negative\n',
  );
  const missing = project.start("shop/v1/server.ts", { MOBILE_LIMIT: "5" });
  expect(missing.stderr).toContain("1 variable is missing or malformed\n  LIMIT is not set; write");
});

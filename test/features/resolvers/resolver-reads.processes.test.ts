// Resolvers that say what they read, and that refuse, in a generated server and by the oracle.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Refused } from "../../proofs/oracle/response.ts";
import { fails, irOf, run } from "../../proofs/oracle/scenario.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
service Shop {
  option (bff.v1.service) = {
    let: { name: "viewer" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "headers['x-user']" } } }
  };
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "order" supplementary: true call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }
  ] };
  optional string greeting = 1 [(bff.v1.field) = { resolver: true reads: { step: ["viewer"] } }];
  optional int32 count = 2 [(bff.v1.field).by = "order.count"];
  repeated bff.v1.Degradation degraded = 15;
}
`,
};
const RESOLVERS = `import { Code } from "@protobff/runtime";
import type { ShopResolvers } from "./shop/v1/shop_bff.ts";
export const resolvers = {
  pageGreeting: ({ args, steps, refuse }) => {
    if (args.id === "gone") return refuse(Code.NOT_FOUND, "no such page");
    return \`Hello \${steps.viewer.name}, \${Object.keys(steps).join()}\`;
  },
} satisfies ShopResolvers;
`;
const project = new GeneratedProject("resolver-reads", PROTOS);

beforeAll(() => project.generate());
afterAll(() => project.remove());

/** What the oracle says, given a function that does the same. */
function foretold(id: string) {
  return run(irOf({ ...UPSTREAMS, ...PROTOS }), "shop.v1.Shop/GetPage", {
    request: { id },
    headers: { "x-user": "ada" },
    calls: [
      ["up.v1.ItemService/GetItem", { id: "ada" }, { id: "ada", name: "Ada" }],
      ["up.v1.OrderService/GetOrder", { id }, id === "down" ? fails("INTERNAL") : { id, count: 3 }],
    ],
    resolvers: {
      "shop.v1.Page.greeting": (_, steps) => {
        if (id === "gone") throw new Refused(5, "no such page");
        return `Hello Ada, ${Object.keys(steps).join()}`;
      },
    },
  });
}

test("resolvers receive the steps that they name, including those of the service; only these degrade them; their refusals are the answer", async () => {
  project.write("resolvers.ts", RESOLVERS);
  expect(project.typeChecked()).toBe("");
  project.write("wrong.ts", RESOLVERS.replace("steps.viewer.name", "steps.order?.count"));
  expect(project.typeChecked()).toContain("Property 'order' does not exist on type");
  const handlers: Handlers<{ id: string }> = {
    "up.v1.ItemService/GetItem": ({ id }) => ({ id, name: "Ada" }),
    "up.v1.OrderService/GetOrder": ({ id }) => {
      if (id === "down") throw new ConnectError("down", Code.Internal);
      return { id, count: 3 };
    },
  };
  const { post } = await project.served("shop/v1/server.ts", handlers);
  const get = (id: string) => post("shop.v1.Shop/GetPage", { id }, { headers: { "x-user": "ada" } });
  const greeting = "Hello Ada, viewer";
  expect(await get("a")).toEqual({ status: 200, body: { greeting, count: 3 } });
  expect(foretold("a").answer).toEqual({ greeting, count: 3 });
  const order = { reason: "REASON_UNAVAILABLE", upstream: "up.v1.OrderService" };
  const degraded = [{ path: "count", effect: "EFFECT_MISSING", ...order }];
  expect((await get("down")).body).toEqual({ greeting, degraded });
  const { answer, degraded: degradations } = foretold("down");
  expect({ answer, degradations }).toEqual({
    answer: { greeting },
    degradations: ["count MISSING UNAVAILABLE up.v1.OrderService"],
  });
  expect(await get("gone")).toMatchObject({ status: 404, body: { code: "not_found", message: "no such page" } });
  expect(foretold("gone").statuses).toEqual([[5, "no such page"]]);
});

// A generated server with usage events, and clients of it.
import { expect } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

const shop = (usage: string) => `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  env: { name: "REGION" type: "string" default: "eu" }
  usage: { ${usage} field: [{ name: "id" by: "args.id" }, { name: "region" by: "env.REGION" }, { name: "length" by: "size(args.id)" }] }
};
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) {
    option (bff.v1.method) = {
      rate_limit: { name: "pages" key: "'all'" rate: 100000 per: "1s" cost: "10" settle: "size(result.name)" }
      rate_limit: { name: "few" key: "args.id" rate: 2 per: "month" }
    };
  }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
}
`;

/** @param subject of the events; undefined: a file */
export const usageProject = (name: string, subject?: string): GeneratedProject =>
  new GeneratedProject(name, {
    "shop/v1/shop.proto": shop(subject === undefined ? "" : `subject: ${JSON.stringify(subject)}`),
  });

export const items = { "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ name: `item ${id}` }) };
export const SERVER = "shop/v1/server.ts";
export const RPC = "shop.v1.ShopService/GetPage";

/** The event of an answered request. */
export const eventOf = (id: string) => ({
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  rpc: RPC,
  request_id: expect.any(String),
  charged: { "shop.v1/pages": `item ${id}`.length, "shop.v1/few": 1 },
  field: { id, region: "eu", length: id.length },
});

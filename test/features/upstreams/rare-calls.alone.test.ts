// A breaker at one request a second: the row of failed calls opens it. Holds docs/runtime.md#breakers
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const STOCK = `syntax = "proto3";
package stock.v1;
service StockService { rpc GetStock(GetStockRequest) returns (Stock); }
message GetStockRequest { string id = 1; }
message Stock { string id = 1; }
`;
const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file).upstream = { service: "stock.v1.StockService" timeout: "300ms" read_only: true };
service ShopService {
  option (bff.v1.service) = {};
  rpc GetOffer(GetOfferRequest) returns (Offer) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetOfferRequest { string id = 1; }
message Offer {
  option (bff.v1.message).let = {
    name: "stock"
    call: { method: "stock.v1.StockService/GetStock" set: { name: "id" by: "args.id" } }
  };
  string id = 1 [(bff.v1.field).by = "stock.id"];
}
`;
const project = new GeneratedProject(
  "rare-calls",
  { "shop/v1/shop.proto": SHOP },
  { ...UPSTREAMS, "stock/v1/stock.proto": STOCK },
);
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("the sixth of requests at one a second to a hanging upstream is refused at once", async () => {
  let calls = 0;
  const url = await project.upstream({
    "stock.v1.StockService/GetStock": () => {
      calls++;
      return new Promise(() => {});
    },
  });
  const server = await project.served("shop/v1/server.ts", {}, { STOCK_V1_STOCKSERVICE_URL: url });
  const statuses: number[] = [];
  const sixth = Promise.withResolvers<void>();
  const send = async (): Promise<void> => {
    const { status } = await server.post("shop.v1.ShopService/GetOffer", { id: "a" });
    if (statuses.push(status) === 6) sixth.resolve();
  };
  const timer = setInterval(() => void send(), 1_000);
  await sixth.promise;
  clearInterval(timer);
  expect(statuses).toEqual([504, 504, 504, 504, 504, 503]);
  expect(calls).toBe(5);
});

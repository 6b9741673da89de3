// The upstreams of a row: items, prices and orders, whose answers depend on the request alone, until a fault is on.
import type { ServerResponse } from "node:http";
import { setTimeout as later } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";

export const SHOP = `syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
import "google/protobuf/field_mask.proto";
service ItemService {
  rpc GetItem(GetItemRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc BatchGetItems(BatchGetItemsRequest) returns (Items) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc CountViews(GetItemRequest) returns (Views);
  rpc WatchItem(GetItemRequest) returns (stream ItemEvent) { option idempotency_level = NO_SIDE_EFFECTS; }
}
service PriceService {
  rpc GetPrice(GetPriceRequest) returns (Price) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/prices/{item_id}" };
  }
}
service OrderService { rpc PlaceOrder(PlaceOrderRequest) returns (Order); }
message GetItemRequest { string id = 1; int64 after = 2; string viewer = 3; google.protobuf.FieldMask mask = 4; }
message BatchGetItemsRequest { repeated string ids = 1; repeated ItemRef refs = 2; }
message ItemRef { string id = 1; }
message Views { int64 count = 1; }
message Items { repeated Item items = 1; }
enum Kind { KIND_UNSPECIFIED = 0; KIND_BOOK = 1; KIND_GAME = 2; }
message Item {
  string id = 1;
  string name = 2;
  int64 stock = 3;
  Kind kind = 4;
  repeated string parts = 5;
  string secret = 6 [debug_redact = true];
  optional string note = 7;
}
message ItemEvent { string id = 1; int64 position = 2; bool last = 3; }
message GetPriceRequest { string item_id = 1; string currency = 2; }
message Price { string item_id = 1; int64 cents = 2; repeated string offers = 3; }
message PlaceOrderRequest { string item_id = 1; }
message Order { string id = 1; }
`;

export const FAULTS = ["unavailable", "not found", "slow", "hang", "reset", "broken bytes"] as const;
export type Fault = (typeof FAULTS)[number];

/** Faults of prices, and what was called. */
export class Shop {
  fault: Fault | undefined;
  /** Number of orders by item. */
  readonly orders = new Map<string, number>();
  readonly calls: string[] = [];

  readonly handlers = {
    "shop.v1.ItemService/GetItem": ({ id }: { id: string }) => this.#counted("GetItem", itemOf(id)),
    "shop.v1.ItemService/BatchGetItems": ({ ids, refs }: { ids: readonly string[]; refs: readonly { id: string }[] }) =>
      this.#counted("BatchGetItems", { items: [...ids, ...refs.map(({ id }) => id)].map(itemOf) }),
    "shop.v1.ItemService/CountViews": () => ({ count: 5n }),
    "shop.v1.ItemService/WatchItem": async function* ({ id, after }: { id: string; after: bigint }) {
      for (let position = after + 1n; position <= 2n; position++) yield { id, position, last: position === 2n };
    },
    "shop.v1.PriceService/GetPrice": async ({ itemId }: { itemId: string }) => {
      this.calls.push("GetPrice");
      if (this.fault === "slow") await later(SLOW_MS);
      else if (this.fault === "hang") await later(HANG_MS);
      else if (this.fault === "not found") throw new ConnectError("no price", Code.NotFound);
      else if (this.fault !== undefined) throw new ConnectError("no prices now", Code.Unavailable);
      return priceOf(itemId);
    },
    "shop.v1.OrderService/PlaceOrder": ({ itemId }: { itemId: string }) => {
      this.orders.set(itemId, (this.orders.get(itemId) ?? 0) + 1);
      return this.#counted("PlaceOrder", { id: `order of ${itemId}` });
    },
  };
  #counted<T>(call: string, answer: T): T {
    this.calls.push(call);
    return answer;
  }
  /** Answers GetPrice by HTTP with JSON. */
  readonly http = async (url: string, response: ServerResponse): Promise<void> => {
    const itemId = decodeURIComponent(url.replace(/^\/v1\/prices\//, "").replace(/\?.*/, ""));
    const answer = await this.handlers["shop.v1.PriceService/GetPrice"]({ itemId }).catch(
      (error: ConnectError) => error,
    );
    const failed = answer instanceof ConnectError;
    const body = failed
      ? { code: answer.code, message: "no" }
      : { itemId, cents: `${answer.cents}`, offers: answer.offers };
    const status = !failed ? 200 : answer.code === Code.NotFound ? 404 : 503;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
}
/** Above the time limit of a call, and below that of a request. */
const SLOW_MS = 30;
const HANG_MS = 60_000;

export const itemOf = (id: string) => ({
  id,
  name: `item ${id}`,
  stock: BigInt(id.length) + 2n ** 53n,
  kind: id.startsWith("g") ? 2 : 1,
  parts: [`${id}1`, `${id}2`],
  secret: `secret of ${id}`,
});
export const priceOf = (itemId: string) => ({
  itemId,
  cents: 2n ** 53n + BigInt(itemId.length),
  offers: [`${itemId} a`, `${itemId} b`],
});

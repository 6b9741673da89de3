// A package that is served inside other programs: a page, a write, a stream, a path of REST and a write that is refused.
export const SHOP = `
syntax = "proto3";
// opt: server=true,embed=true
package shop.v1;
import "bff/v1/options.proto";
import "google/api/annotations.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetOrderPage(OrderPageRequest) returns (OrderPage) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/orders/{id}" };
    // tool
  }
  rpc PayOrder(PayOrderRequest) returns (Payment);
  rpc WatchItem(ItemRequest) returns (stream ItemUpdate) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = {
      var: "item"
      call: { method: "up.v1.ItemService/WatchItem" set: { name: "id" by: "args.id" } }
    };
  }
}
message OrderPageRequest { string id = 1; }
message OrderPage {
  option (bff.v1.message).let = {
    name: "order" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } }
  };
  string id = 1 [(bff.v1.field).by = "order.id"];
  bool paid = 2 [(bff.v1.field).by = "order.paid"];
  string user = 3 [(bff.v1.field).by = "headers['x-user']"];
}
message PayOrderRequest { string id = 1; }
message Payment {
  option (bff.v1.message).let = {
    name: "order" call: { method: "up.v1.OrderService/PayOrder" set: { name: "id" by: "args.id" } }
  };
  bool paid = 1 [(bff.v1.field).by = "order.paid"];
}
message ItemRequest { string id = 1; }
message ItemUpdate { string id = 1 [(bff.v1.field).by = "args.item.id"]; }
`;

/** Answers of its upstreams. */
export const UPSTREAMS = {
  "up.v1.OrderService/GetOrder": ({ id }: { id: string }) => ({ id, paid: id === "1" }),
  "up.v1.OrderService/PayOrder": () => ({ paid: true }),
  "up.v1.ItemService/WatchItem": async function* ({ id }: { id: string }) {
    for (let i = 0; i < 3; i++) yield { id: `${id}-${i}` };
  } as never,
};

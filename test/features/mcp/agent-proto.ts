// A BFF whose RPCs are tools for agents: public, for any caller, by scope, by role, writing and streaming.

const source = (name: string, place: string): string => `{
        name: "${name}"
        jwt: {
          issuer: "{env.ISSUER}" audience: "agents" jwks: "{env.ISSUER}/jwks" claims: "Claims" algorithm: "ES256" ${place}
        }
        set: [
          { name: "subject" by: "claims.sub" },
          { name: "scopes" by: "claims.scope.split(' ')" },
          { name: "roles" by: "claims.roles" }
        ]
      }`;
const stream = (wait: string): string => `option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = {
      permit: {}
      tool: { wait: "${wait}" }
      stream: {
        var: "item"
        call: { method: "up.v1.ItemService/WatchItem" read_only: true set: { name: "id" by: "args.id" } }
      }
    };`;
const ITEM =
  'option (bff.v1.message).let = { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } };';

export const AGENT_PROTO = `syntax = "proto3";
package agent.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "buf/validate/validate.proto";
import "google/protobuf/timestamp.proto";
option (bff.v1.file) = {
  upstream: {
    method: "up.v1.ItemService/GetItem"
    on_error: { on: NOT_FOUND fail: { code: NOT_FOUND message: "no such item" } }
  }
  env: { name: "ISSUER" type: "string" }
  identity: {
    type: "Caller"
    source: [${source("user", "")}, ${source("robot", 'header: "x-robot-token"')}, ${source("page", 'cookie: "__Host-token"')}]
  }
};
message Claims { string sub = 1; string scope = 2; repeated string roles = 3; }
message Caller { string subject = 1; repeated string scopes = 2; repeated string roles = 3; }

service AgentService {
  option (bff.v1.service) = { tool: {} };
  // Returns an item of the catalog.
  rpc GetItem(ItemRequest) returns (ItemPage) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).permit = {};
  }
  // Returns the price of an item.
  rpc GetPrice(ItemRequest) returns (Price) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).permit = { scope: "prices.read" };
  }
  // Returns the owner of an item.
  rpc GetOwner(ItemRequest) returns (Owner) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).permit = { role: ["auditor", "clerk"] };
  }
  // Returns the note of an item.
  rpc GetNote(ItemRequest) returns (Note) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).permit = { scope: ["notes.read", "prices.read"] role: "auditor" source: "user" };
  }
  // Describes the shop.
  rpc GetShop(ShopRequest) returns (Shop) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { permit: { public: true } tool: {} };
  }
  // Places an order.
  rpc PlaceOrder(PlaceOrderRequest) returns (Placed) {
    option (bff.v1.method) = {
      permit: { scope: "orders.write" }
      tool: { confirm: true hidden: { name: "key" by: "'key of ' + principal.subject" } }
    };
  }
  // Cancels an order.
  rpc CancelOrder(CancelOrderRequest) returns (Cancelled) {
    option idempotency_level = IDEMPOTENT;
    option (bff.v1.method) = { permit: {} tool: { confirm: false } };
  }
  // Follows an item until its sale.
  rpc FollowItem(ItemRequest) returns (stream ItemUpdate) {
    ${stream("30s")}
  }
  // Follows an item for a moment.
  rpc GlanceAtItem(ItemRequest) returns (stream ItemUpdate) {
    ${stream("200ms")}
  }
}
message ShopRequest {}
message Shop { string name = 1 [(bff.v1.field).by = "'the shop'"]; }
message ItemRequest { string id = 1; Filter filter = 2; }
message Filter { repeated string tags = 1; Filter inner = 2; }
message ItemPage {
  option (bff.v1.message) = {
    let: [
      { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } },
      { name: "order" supplementary: true call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }
    ]
  };
  string id = 1 [(bff.v1.field).by = "item.id"];
  string name = 2 [(bff.v1.field).by = "item.name"];
  optional bool paid = 3 [(bff.v1.field).by = "order.paid"];
  map<string, string> attributes = 4 [(bff.v1.field).by = "item.attributes"];
  repeated bff.v1.Degradation degraded = 5;
  double rating = 6 [(bff.v1.field).by = "item.rating"];
  optional google.protobuf.Timestamp created_at = 7 [(bff.v1.field).by = "item.created_at"];
}
message Price {
  ${ITEM}
  int64 cents = 1 [(bff.v1.field).by = "item.price_cents"];
}
message Owner {
  ${ITEM}
  string id = 1 [(bff.v1.field).by = "item.owner_id"];
}
message Note {
  ${ITEM}
  optional string text = 1 [(bff.v1.field).by = "item.note"];
}
message PlaceOrderRequest {
  string item_id = 1;
  int32 count = 2 [(buf.validate.field).int32.lte = 1000];
  string key = 3;
  string coupon = 4 [debug_redact = true];
}
message CancelOrderRequest { string id = 1; }
message Placed {
  option (bff.v1.message).let = {
    name: "order" call: {
      method: "up.v1.OrderService/PlaceOrder"
      set: [{ name: "item_id" by: "args.item_id" }, { name: "count" by: "args.count" }, { name: "key" by: "args.key" }]
    }
  };
  string id = 1 [(bff.v1.field).by = "order.id"];
  int32 count = 2 [(bff.v1.field).by = "order.count"];
}
message Cancelled {
  option (bff.v1.message).let = {
    name: "order" call: { method: "up.v1.OrderService/CancelOrder" set: { name: "id" by: "args.id" } }
  };
  string id = 1 [(bff.v1.field).by = "order.id"];
}
message ItemUpdate {
  string name = 1 [(bff.v1.field).by = "args.item.name"];
  optional google.protobuf.Timestamp created_at = 2 [(bff.v1.field).by = "args.item.created_at"];
}
`;

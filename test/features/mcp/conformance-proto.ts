// Tools with the names that MCP's conformance suite calls, without arguments and for everybody.
export const CONFORMANCE_PROTO = `syntax = "proto3";
package suite.v1;
import "bff/v1/options.proto";
service SuiteService {
  option (bff.v1.service) = {};
  // Returns a text.
  rpc SimpleText(Empty) returns (Text) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).tool = { name: "test_simple_text" };
  }
  // Returns a text without log messages.
  rpc Logging(Empty) returns (Text) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).tool = { name: "test_logging_tool" };
  }
  // Fails.
  rpc ErrorHandling(Empty) returns (Failing) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).tool = { name: "test_error_handling" };
  }
  // Reports progress.
  rpc Progress(Empty) returns (stream Step) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = {
      tool: { name: "test_tool_with_progress" }
      stream: {
        var: "item"
        call: { method: "up.v1.ItemService/WatchItem" read_only: true set: { name: "id" by: "'steps'" } }
      }
    };
  }
  // Needs a confirmation.
  rpc Elicitation(Empty) returns (Placed) {
    option (bff.v1.method).tool = { name: "test_input_required_result_elicitation" confirm: true };
  }
  // Needs a confirmation.
  rpc TamperedState(Empty) returns (Placed) {
    option (bff.v1.method).tool = { name: "test_input_required_result_tampered_state" confirm: true };
  }
  // Needs a confirmation.
  rpc Capabilities(Empty) returns (Placed) {
    option (bff.v1.method).tool = { name: "test_input_required_result_capabilities" confirm: true };
  }
  // Needs a confirmation, and answers over no stream.
  rpc StreamingElicitation(Empty) returns (Placed) {
    option (bff.v1.method).tool = { name: "test_streaming_elicitation" confirm: true };
  }
}
message Empty {}
message Text { string text = 1 [(bff.v1.field).by = "'This is a simple text response for testing.'"]; }
message Failing {
  option (bff.v1.message).let = {
    guard: { if: "true" fail: { code: FAILED_PRECONDITION message: "This tool intentionally returns an error" } }
  };
  string text = 1 [(bff.v1.field).by = "''"];
}
message Step { string name = 1 [(bff.v1.field).by = "args.item.name"]; }
message Placed {
  option (bff.v1.message).let = {
    name: "order" call: { method: "up.v1.OrderService/PlaceOrder" set: { name: "item_id" by: "'lamp'" } }
  };
  string id = 1 [(bff.v1.field).by = "order.id"];
}
`;

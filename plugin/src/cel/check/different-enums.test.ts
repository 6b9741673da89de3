// Comparisons of values of two enums: refused, unless the enums have the same names with the same numbers.
import { expect, test } from "vitest";
import { requestFor } from "../../../../test/support/request.ts";
import { compile } from "../../compile.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service Ups { rpc Get(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string id = 1; }
message Item { State state = 1; repeated State states = 2; map<string, State> by_name = 3; Same same = 4; int32 number = 5; }
enum State { STATE_UNSPECIFIED = 0; STATE_OPEN = 1; STATE_SHUT = 2; }
enum Same { SAME_UNSPECIFIED = 0; SAME_OPEN = 1; }
`;
const bff = (condition: string): string => `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = { name: "item" call: { method: "up.v1.Ups/Get" set: { name: "id" by: "args.id" } } };
  bool holds = 1 [(bff.v1.field).by = "${condition}"];
}
enum State { STATE_UNSPECIFIED = 0; STATE_OPEN = 2; STATE_SHUT = 1; }
enum Same { SAME_UNSPECIFIED = 0; SAME_OPEN = 1; }
`;
function codesOf(condition: string): readonly string[] {
  const protos = { "app/v1/app.proto": bff(condition), "up/v1/up.proto": UPSTREAM };
  const request = { ...requestFor(protos, ["app/v1/app.proto"]), parameter: "" };
  return compile(request, () => undefined).diagnostics.map(({ code }) => code);
}

test.each([
  "item.state == State.STATE_OPEN",
  "State.STATE_OPEN != item.state",
  "item.state < State.STATE_OPEN",
  "item.state in [State.STATE_OPEN]",
  "State.STATE_OPEN in item.states",
  "item.states == [State.STATE_OPEN]",
  "item.state in {State.STATE_OPEN: 1}",
  "{'a': State.STATE_OPEN} == item.by_name",
  "item.states.map(s, s).exists(s, s == State.STATE_OPEN)",
  "cel.bind(s, item.state, s == State.STATE_OPEN)",
  "optional.of(item.state) == optional.of(State.STATE_OPEN)",
  "sets.contains(item.states, [State.STATE_OPEN])",
  "{State.STATE_OPEN: true}[?item.state].orValue(false)",
])("%s is an error", (condition) => {
  expect(codesOf(condition)).toEqual(["BFF354"]);
});

test.each([
  "item.state == up.v1.State.STATE_OPEN",
  "item.same == Same.SAME_OPEN",
  "item.same in [Same.SAME_OPEN]",
  "item.number == State.STATE_OPEN",
  "int(item.state) == int(State.STATE_OPEN)",
])("%s is allowed", (condition) => {
  expect(codesOf(condition)).toEqual([]);
});

// Holds docs/language.md#calls: the fallback of an `on_error` rule is never null.
import { expect, test } from "vitest";
import { compileCase } from "../../../../test/support/golden.ts";
import { requestFor } from "../../../../test/support/request.ts";

const UPSTREAM = `syntax = "proto3"; package up.v1;
import "google/protobuf/any.proto"; import "google/protobuf/struct.proto"; import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
service Things {
  rpc Get(Request) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Text(Request) returns (google.protobuf.StringValue) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Json(Request) returns (google.protobuf.Value) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Any(Request) returns (google.protobuf.Any) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Time(Request) returns (google.protobuf.Timestamp) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc List(Batch) returns (Things_) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Request { string id = 1; }
message Batch { repeated string ids = 1; }
message Things_ { repeated Thing things = 1; map<string, string> texts = 2; map<string, Thing> by_id = 3; }
message Thing { string id = 1; Thing inner = 2; google.protobuf.StringValue label = 3; repeated string tags = 4; }`;

function codes(method: string, fallback: string, batch = ""): readonly string[] {
  const proto = `syntax = "proto3"; package app.v1;
import "bff/v1/degradation.proto"; import "bff/v1/options.proto"; import "up/v1/up.proto";
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = { name: "thing" call: { method: "up.v1.Things/${method}" ${batch}
    on_error: { fallback: "${fallback}" } } };
  bool found = 1 [(bff.v1.field).by = "thing == thing"];
  repeated bff.v1.Degradation degraded = 15;
}`;
  const texts = { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": proto };
  const { diagnostics } = compileCase(requestFor(texts, ["app/v1/app.proto"]), texts);
  return diagnostics.filter(({ severity }) => severity === "error").map(({ code, message }) => `${code} ${message}`);
}

const THING = "up.v1.Thing{id: 'x'}";
const MANY = `batch: { name: "ids" by: "args.id" items: "things" key: "id" many: true }`;
const SINGLE = `batch: { name: "ids" by: "args.id" items: "things" key: "id" }`;
const TEXTS = `batch: { name: "ids" by: "args.id" items: "texts" }`;
const refused: readonly (readonly [method: string, fallback: string, batch?: string])[] = [
  ["Get", "null"],
  ["Get", "dyn(null)"],
  ["Get", `error.code == 5 ? ${THING} : null`],
  ["Get", `error.code == 5 ? null : ${THING}`],
  ["Get", `[null, ${THING}][0]`],
  ["Get", `{'a': null}['a']`],
  ["Get", "optional.none()"],
  ["Get", `optional.of(${THING})`],
  ["Get", `error.code == 5 ? optional.of(${THING}) : optional.none()`],
  ["Text", "null"],
  ["Text", "up.v1.Thing{}.label"],
  ["Json", "null"],
  ["Json", "dyn(null)"],
  ["Any", "null"],
  ["Time", "null"],
  ["Time", "error.code == 5 ? timestamp('2020-01-01T00:00:00Z') : null"],
  ["List", "null", SINGLE],
  ["List", "null", MANY],
  ["List", "[null]", MANY],
  ["List", `[${THING}, null]`, MANY],
  ["List", "null", TEXTS],
  ["List", `error.code == 5 ? ${THING} : null`, SINGLE],
  ["List", "optional.of('x')", TEXTS],
];
test.each(refused.map(([method, fallback, batch]) => ({ method, fallback, batch })))(
  "$method: $fallback",
  ({ method, fallback, batch }) => {
    expect(codes(method, fallback, batch)).toEqual([expect.stringMatching(/BFF336/)]);
  },
);

test.each([THING, "up.v1.Thing{inner: null}.inner", "optional.of(up.v1.Thing{}).orValue(up.v1.Thing{})"])(
  "Get: %s is a value",
  (fallback) => {
    expect(codes("Get", fallback)).toEqual([]);
  },
);

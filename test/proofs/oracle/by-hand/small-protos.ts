// Protos for the oracle's own tests: an upstream, and how to write a BFF over it in a few lines.
import { type Call, fails, irOf, run, type Scenario } from "../scenario.ts";

export const UPSTREAM = `syntax = "proto3";
package up.v1;
import "google/protobuf/wrappers.proto";
service Up {
  rpc A(Req) returns (Res) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc B(Req) returns (Res) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc C(Req) returns (Res) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Do(Req) returns (Res);
  rpc Items(Keys) returns (ItemList) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc ItemMap(Keys) returns (ItemsById) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Req { string id = 1; int32 n = 2; optional string note = 3; Inner inner = 4; Kind kind = 5; }
message Inner { string tag = 1; int64 big = 2; }
enum Kind { KIND_UNSPECIFIED = 0; KIND_X = 1; KIND_Y = 2; }
message Res {
  string s = 1; int32 n = 2; repeated string list = 3; optional string maybe = 4; Inner inner = 5; repeated Item items = 6;
  google.protobuf.StringValue wrapped = 7; map<string, Item> by_id = 8; Kind kind = 9; repeated Kind kinds = 10; int64 big = 11;
  oneof pick { string left = 12; Inner right = 13; }
}
message Item { string id = 1; string name = 2; int32 n = 3; }
message Keys { repeated string ids = 1; string group = 2; }
message ItemList { repeated Item items = 1; }
message ItemsById { map<string, Item> items = 1; }
`;

export const bff = (messages: string, rpcs: readonly string[]) => `syntax = "proto3";
package b.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/timestamp.proto";
import "up/v1/up.proto";
option (bff.v1.file) = { env: [{ name: "LIMIT" type: "int" default: "3" }] };
service S {
  option (bff.v1.service) = {};
${rpcs.map((name) => `  rpc Get${name}(In) returns (${name});`).join("\n")}
}
message In { string id = 1; int32 n = 2; bool flag = 3; optional string note = 4; }
message Copy {
  option (bff.v1.message).alias = "up.v1.Res";
  string s = 1; optional string maybe = 2; CopyInner inner = 3; repeated CopyItem items = 4; map<string, CopyItem> by_id = 5;
  Kind kind = 6; repeated Kind kinds = 7; int32 count = 8 [(bff.v1.field).alias = "n"];
  oneof pick { string left = 9; CopyInner right = 10; }
  google.protobuf.StringValue wrapped = 11;
}
message CopyInner { option (bff.v1.message).alias = "up.v1.Inner"; int64 big = 1; }
message CopyItem { option (bff.v1.message).alias = "up.v1.Item"; string name = 1; }
enum Kind {
  option (bff.v1.enum).alias = "up.v1.Kind";
  KIND_OTHER = 0 [(bff.v1.enum_value).default = true];
  KIND_EX = 1 [(bff.v1.enum_value).alias = "KIND_X"];
}
${messages}
`;

/**
 * Builds a BFF with one rpc, `Get…`, per message of `rooted`; `further` are parts of them. `get` sends `id: "i"` by
 * default.
 */
export function bffOf<Name extends string>(rooted: Readonly<Record<Name, string>>, further: readonly string[] = []) {
  const messages = [...Object.values<string>(rooted), ...further].join("\n");
  const ir = irOf({ "up/v1/up.proto": UPSTREAM, "b/v1/b.proto": bff(messages, Object.keys(rooted)) });
  const get = (name: Name, scenario: Scenario) =>
    run(ir, `b.v1.S/Get${name}`, { ...scenario, request: { id: "i", ...(scenario.request as object) } });
  return { ir, get };
}

export const a = `call: { method: "up.v1.Up/A" set: { name: "id" by: "args.id" } }`;
export const b = `call: { method: "up.v1.Up/B" set: { name: "id" by: "args.id" } }`;
export const D = `repeated bff.v1.Degradation degraded = 99;`;
export const by = (text: string) => `[(bff.v1.field).by = "${text}"]`;
export const message = (name: string, steps: readonly string[], fields: string) =>
  `message ${name} { option (bff.v1.message) = { let: [${steps.map((step) => `{ ${step} }`).join(", ")}] };\n${fields} ${D} }`;

export const A = (outcome: Call[2], request: Call[1] = { id: "i" }): Call => ["up.v1.Up/A", request, outcome];
export const B = (outcome: Call[2], request: Call[1] = { id: "i" }): Call => ["up.v1.Up/B", request, outcome];
export const C = (outcome: Call[2], request: Call[1] = { id: "i" }): Call => ["up.v1.Up/C", request, outcome];
export const DO = (outcome: Call[2], request: Call[1] = { id: "i" }): Call => ["up.v1.Up/Do", request, outcome];
export const dead = fails("UNAVAILABLE");
export const up = (path: string, effect = "MISSING", reason = "UNAVAILABLE") => `${path} ${effect} ${reason} up.v1.Up`;

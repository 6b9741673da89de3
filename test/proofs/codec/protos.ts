// Messages of every shape, for the tests of generated codecs.
const SCALARS =
  "double float int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 bool string bytes".split(" ");
const KEYS = SCALARS.filter((type) => !["double", "float", "bytes"].includes(type));
const WRAPPERS = ["Double", "Float", "Int32", "Int64", "UInt32", "UInt64", "Bool", "String", "Bytes"];

const numbered = (first: number, lines: readonly string[]): string =>
  lines.map((line, i) => `  ${line} = ${first + i};`).join("\n");

const upstream = `syntax = "proto3";
package wire.v1;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "old/v1/old.proto";
service WireService {
  rpc Echo(Everything) returns (Everything) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Odd(old.v1.Old) returns (Everything) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetNest(Leaf) returns (Nest) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Older(Leaf) returns (old.v1.Old) { option idempotency_level = NO_SIDE_EFFECTS; }
}
enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; COLOR_MINUS = -1; }
message Leaf { string text = 1; bytes raw = 2000; int32 n = 3; }
message Empty {}
message Nest {
  repeated Everything many = 1;
  map<string, Everything> by_name = 2;
  Everything one = 3;
  Leaf leaf = 4;
}
message Everything {
${numbered(
  1,
  SCALARS.map((type) => `${type} f_${type}`),
)}
${numbered(
  21,
  SCALARS.map((type) => `optional ${type} f_optional_${type}`),
)}
${numbered(
  41,
  SCALARS.map((type) => `repeated ${type} f_list_${type}`),
)}
  repeated int32 f_unpacked = 56 [packed = false];
  repeated double f_loose = 57 [packed = false];
${numbered(
  61,
  KEYS.map((type) => `map<${type}, string> by_${type}`),
)}
  map<string, bytes> by_bytes = 74;
  map<int32, Leaf> by_leaf = 75;
  map<string, Color> by_color = 76;
  map<uint64, Everything> by_everything = 77;
  map<string, bool> by_flag = 78;
  map<string, sint64> by_big = 79;
  map<string, float> by_small = 80;
  Color color = 81;
  optional Color may_color = 82;
  repeated Color colors = 83;
  Leaf leaf = 84;
  Everything self = 85;
  repeated Everything many = 86;
  repeated Leaf leaves = 87;
  Empty empty = 88;
  google.protobuf.Timestamp at = 91;
  google.protobuf.Duration took = 92;
  google.protobuf.Any any = 93;
  google.protobuf.Value value = 94;
  google.protobuf.ListValue list = 95;
${numbered(
  101,
  WRAPPERS.map((type) => `google.protobuf.${type}Value w_${type.toLowerCase()}`),
)}
  repeated google.protobuf.StringValue w_list = 111;
  map<string, google.protobuf.Int64Value> w_map = 112;
  old.v1.Old old = 113;
  repeated old.v1.Old olds = 114;
  WithStruct with_struct = 115;
  map<string, old.v1.Old> by_old = 116;
  oneof choice {
    string one_text = 121;
    int64 one_big = 122;
    bool one_flag = 123;
    Color one_color = 124;
    bytes one_bytes = 125;
    double one_double = 126;
    Leaf one_leaf = 127;
    Everything one_self = 128;
    google.protobuf.StringValue one_wrapped = 129;
    old.v1.Old one_old = 130;
  }
  oneof simple {
    string simple_text = 131;
    int64 simple_big = 132;
    Leaf simple_leaf = 133;
  }
  oneof long {
    ${Array.from({ length: 24 }, (_, i) => `${["Leaf", "string", "old.v1.Old", "int64"][i % 4]} long_${i} = ${200 + i};`).join("\n    ")}
  }
  string f_last = 536870911;
  string class = 140;
  string constructor = 141;
}
message WithStruct { google.protobuf.Struct json = 1; }
`;
const old = `syntax = "proto2";
package old.v1;
enum Kind { KIND_A = 1; KIND_B = 5; }
message Old {
  optional string text = 1 [default = "there"];
  optional Kind kind = 2;
  repeated int32 loose = 3;
  optional group Part = 4 { optional int32 n = 1; }
}
`;
const app = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "wire/v1/wire.proto";
import "old/v1/old.proto";
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest {
  wire.v1.Everything all = 1;
  wire.v1.Leaf leaf = 2;
  old.v1.Old old = 3;
}
message Page {
  option (bff.v1.message) = {
    let: [
      { name: "echo" call: { method: "wire.v1.WireService/Echo" request: "args.all" } },
      { name: "odd" call: { method: "wire.v1.WireService/Odd" request: "args.old" } },
      { name: "older" call: { method: "wire.v1.WireService/Older" request: "args.leaf" } },
      { name: "same" by: "echo == odd" }
    ]
  };
  wire.v1.Everything all = 1 [(bff.v1.field).by = "echo"];
  wire.v1.Everything odd = 2 [(bff.v1.field).by = "odd"];
  old.v1.Old older = 3 [(bff.v1.field).by = "older"];
  bool same = 4 [(bff.v1.field).by = "same"];
}
`;

/** Passes on what it gets. */
const pass = `syntax = "proto3";
package pass.v1;
import "bff/v1/options.proto";
import "wire/v1/wire.proto";
service PassService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string text = 1; }
message Page {
  option (bff.v1.message) = {
    let: [
      { name: "echo" call: { method: "wire.v1.WireService/Echo" set: { name: "f_string" by: "args.text" } } },
      { name: "nest" call: { method: "wire.v1.WireService/GetNest" set: { name: "text" by: "args.text" } } }
    ]
  };
  wire.v1.Everything echo = 1 [(bff.v1.field).by = "echo"];
  repeated wire.v1.Everything many = 2 [(bff.v1.field).by = "nest.many"];
  map<string, wire.v1.Everything> by_name = 3 [(bff.v1.field).by = "nest.by_name"];
  wire.v1.Everything one = 1000 [(bff.v1.field).by = "nest.one"];
}
`;
/** Reads little of what it gets, and sends little. */
const some = `syntax = "proto3";
package some.v1;
import "bff/v1/options.proto";
import "wire/v1/wire.proto";
service SomeService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string text = 1; }
message Page {
  option (bff.v1.message) = {
    let: [
      { name: "echo" call: { method: "wire.v1.WireService/Echo" set: { name: "f_string" by: "args.text" } set: { name: "leaf.n" by: "3" } } },
      { name: "same" by: "echo.any == echo.self.any" }
    ]
  };
  string text = 1 [(bff.v1.field).by = "echo.f_string"];
  bool same = 2 [(bff.v1.field).by = "same"];
  repeated string leaves = 3 [(bff.v1.field).by = "echo.leaves.map(l, l.text)"];
  string one = 4 [(bff.v1.field).by = "echo.simple_text"];
  repeated int64 numbers = 5 [(bff.v1.field).by = "echo.f_list_sint64"];
  string deep = 6 [(bff.v1.field).by = "echo.self.self.f_string"];
  string keyed = 7 [(bff.v1.field).by = "5 in echo.by_leaf ? echo.by_leaf[5].text : ''"];
}
`;

/** Numbers of messages, more than the codec gives separate functions. */
const WIDE = Array.from({ length: 250 }, (_, i) => i + 1);
const wide = `syntax = "proto3";
package wide.v1;
service WideService {
  rpc Get(Wide) returns (Wide) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetOther(Wide) returns (Wide) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Wide {
${WIDE.map((n) => `  Part${n} part_${n} = ${n};`).join("\n")}
}
${WIDE.map((n) => `message Part${n} { string text = 1; }`).join("\n")}
`;
const much = `syntax = "proto3";
package much.v1;
import "bff/v1/options.proto";
import "wide/v1/wide.proto";
service MuchService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { wide.v1.Wide wide = 1; }
message Page {
  option (bff.v1.message) = {
    let: [
      { name: "one" call: { method: "wide.v1.WideService/Get" request: "args.wide" } },
      { name: "other" call: { method: "wide.v1.WideService/GetOther" request: "args.wide" } }
    ]
  };
  bool same = 1 [(bff.v1.field).by = "one == other"];
}
`;

export const PROTOS: Readonly<Record<string, string>> = {
  "wire/v1/wire.proto": upstream,
  "old/v1/old.proto": old,
  "app/v1/app.proto": app,
  "some/v1/some.proto": some,
  "pass/v1/pass.proto": pass,
  "wide/v1/wide.proto": wide,
  "much/v1/much.proto": much,
};

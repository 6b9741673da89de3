// JSON and maps of clients whose keys are the names of a message's properties are no messages to expressions.
import type { JsonObject } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import { stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
import "google/protobuf/struct.proto";
service Up { rpc Get(Thing) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Thing { google.protobuf.Struct extra = 1; map<string, string> labels = 2; google.protobuf.Value value = 3; }
`;
const fields = (of: string): string => `  bool has_subject = 1 [(bff.v1.field).by = "has(${of}.extra.subject)"];
  bool has_inner = 2 [(bff.v1.field).by = "has(${of}.extra.inner.subject)"];
  string subject = 3 [(bff.v1.field).by = "string(${of}.extra.inner.?subject.orValue('none'))"];
  string of_value = 4 [(bff.v1.field).by = "string(${of}.value.?subject.orValue('none'))"];
  string of_label = 5 [(bff.v1.field).by = "string(dyn(${of}.labels).?subject.orValue('none'))"];
  int64 inner_size = 6 [(bff.v1.field).by = "size(${of}.extra.inner)"];
  bool equal = 7 [(bff.v1.field).by = "${of}.extra.inner == ${of}.value && dyn(${of}.labels) == dyn(${of}.labels)"];
  bool is_map = 8 [(bff.v1.field).by = "type(${of}.extra.inner) == type({}) && type(${of}.value) == type({})"];
  google.protobuf.Struct copy = 9 [(bff.v1.field).by = "{'extra': ${of}.extra, 'value': ${of}.value, 'labels': ${of}.labels}"];
  google.protobuf.Struct extra = 10 [(bff.v1.field).by = "${of}.extra"];
  map<string, string> labels = 11 [(bff.v1.field).by = "${of}.labels"];
  google.protobuf.Value value = 12 [(bff.v1.field).by = "${of}.value"];
`;
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "google/protobuf/struct.proto";
service App {
  option (bff.v1.service) = {};
  rpc Get(Request) returns (Page);
  rpc Pass(Request) returns (Passed) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Request { google.protobuf.Struct extra = 1; map<string, string> labels = 2; google.protobuf.Value value = 3; }
message Passed {
  option (bff.v1.message).let = {
    name: "thing"
    call: { method: "up.v1.Up/Get" set: [{ name: "extra" by: "args.extra" }, { name: "labels" by: "args.labels" }, { name: "value" by: "args.value" }] }
  };
${fields("thing")}}
message Page {
${fields("args")}}
`;

const NAMES = [
  "x",
  "app.v1.Page",
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "google.protobuf.Struct",
  "google.protobuf.Value",
  "google.protobuf.FieldMask",
  "google.protobuf.Empty",
  "google.protobuf.Any",
  "google.protobuf.Int64Value",
];

test.each(["Get", "Pass"])("a key $typeName makes no message of the client's JSON: %s", async (rpc) => {
  const protos = { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF };
  const made = await stubbed({ name: `keys-of-json-${rpc}`, protos, targets: ["app/v1/app.proto"] });
  onTestFinished(made.remove);
  const bff = await made.serve({ stubs: { "up.v1.Up/Get": (request) => request } });
  onTestFinished(bff.close);
  for (const name of NAMES) {
    const json = { $typeName: name, subject: "s", seconds: 1, nanos: "0", paths: "p", $unknown: "u" };
    const labels = { $typeName: name, subject: "s" };
    const { body, status } = await bff.send(`app.v1.App/${rpc}`, {
      extra: { ...json, inner: json },
      value: json,
      labels,
    });
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        hasSubject: true,
        hasInner: true,
        subject: "s",
        ofValue: "s",
        ofLabel: "s",
        innerSize: "6",
        equal: true,
        isMap: true,
        copy: { extra: { ...json, inner: json }, value: json, labels },
        extra: { ...json, inner: json },
        labels,
        value: json,
      },
    });
  }
});

const AUTHORS = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "google/protobuf/struct.proto";
option (bff.v1.file) = { function: [
  { name: "copy.labels" param: "map(string, string)" result: "map(string, string)" },
  { name: "copy.each_one" param: "map(string, string)" result: "list(map(string, string))" }
] };
service App {
  option (bff.v1.service) = {};
  rpc Get(Request) returns (Page);
}
message Request { google.protobuf.Struct extra = 1; map<string, string> labels = 2; }
message Card {
  option (bff.v1.message).resolver = true;
  google.protobuf.Struct extra = 1;
  map<string, string> labels = 2;
  Card inner = 3;
}
message Both {
  google.protobuf.Struct extra = 1 [(bff.v1.field).resolver = true];
  map<string, string> labels = 2 [(bff.v1.field).resolver = true];
}
message Page {
  option (bff.v1.message) = { let: [
    { name: "card" compose: { message: "Card" } },
    { name: "both" compose: { message: "Both" } },
    { name: "labels" by: "copy.labels(args.labels)" }
  ] };
  repeated string of = 1 [(bff.v1.field).by = "[string(card.extra.inner.?subject.orValue('')), string(card.inner.extra.inner.?subject.orValue('')), string(both.extra.inner.?subject.orValue('')), string(card.labels.?subject.orValue('')), string(both.labels.?subject.orValue('')), string(labels.?subject.orValue('')), string(copy.each_one(args.labels)[0].?subject.orValue(''))]"];
  optional bool maps = 2 [(bff.v1.field).by = "[type(card.extra), type(card.inner.extra.inner), type(card.labels), type(both.extra), type(both.labels), type(labels), type(copy.each_one(args.labels)[0])].all(t, t == type({}))"];
}
`;
test("a copy that the author's code makes is no message", async () => {
  const made = await stubbed({
    name: "keys-of-copies",
    protos: { "app/v1/app.proto": AUTHORS },
    targets: ["app/v1/app.proto"],
  });
  onTestFinished(made.remove);
  let request: { extra: JsonObject; labels: JsonObject } = { extra: {}, labels: {} };
  const copies = () => ({
    extra: { ...request.extra, inner: { ...(request.extra.inner as JsonObject) } },
    labels: { ...request.labels },
  });
  const bff = await made.serve({
    stubs: {},
    functions: {
      copyLabels: (labels: ReadonlyMap<string, string>) => new Map(labels),
      copyEachOne: (labels: ReadonlyMap<string, string>) => [Object.fromEntries(labels)],
    },
    resolvers: {
      card: () => ({ ...copies(), inner: { $typeName: "app.v1.Card", ...copies() } }),
      bothExtra: () => copies().extra,
      bothLabels: () => copies().labels,
    },
  });
  onTestFinished(bff.close);
  for (const name of [...NAMES, "app.v1.Card"]) {
    const json = { $typeName: name, subject: "s", seconds: 1 };
    request = { extra: { ...json, inner: json }, labels: { $typeName: name, subject: "s" } };
    expect(await bff.send("app.v1.App/Get", request)).toMatchObject({
      status: 200,
      body: { of: Array.from({ length: 7 }, () => "s"), maps: true },
    });
  }
});

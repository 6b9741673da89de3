import { create, createFileRegistry, fromJson, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { requestFor } from "../../../../test/support/request.ts";
import { removeSecrets, shapeOf } from "./shape.ts";

const PROTO = `syntax = "proto3";
package a.v1;
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message M {
  string s = 1;
  int64 l = 2;
  double d = 3;
  bytes b = 4;
  optional string es = 5;
  optional int32 z = 6;
  repeated string rs = 7;
  repeated M rm = 8;
  map<string, M> mm = 9;
  map<bool, double> mb = 10;
  oneof o { string x = 11; M y = 12; }
  google.protobuf.Int64Value w = 13;
  google.protobuf.Struct st = 14;
  google.protobuf.Timestamp t = 15;
  repeated google.protobuf.StringValue rw = 16;
  string next_page_token = 17;
  string secret = 18 [debug_redact = true];
}`;
const { protoFile } = requestFor({ "a/v1/a.proto": PROTO }, ["a/v1/a.proto"]);
const M = createFileRegistry(create(FileDescriptorSetSchema, { file: protoFile })).getMessage("a.v1.M");

test("a shape keeps presence, items, zeros and equal texts, and no other text or number", () => {
  if (M === undefined) throw new Error("no message");
  const message = fromJson(M, {
    ...{ s: "ada", l: "47", d: "NaN", b: "YWRh", es: "", z: 0, rs: ["ada", "bob", "ada", ""] },
    ...{ rm: [{ s: "ada" }, { y: { s: "bob" } }], mm: { ada: { l: "47" }, bob: {} }, mb: { true: 47 }, x: "ada" },
    ...{ w: "0", st: { ada: 47 }, t: "2020-01-01T00:00:00Z", rw: ["ada", ""], nextPageToken: "ada", secret: "ada" },
  });
  expect([...removeSecrets(M, message)]).toEqual(["a.v1.M.next_page_token", "a.v1.M.secret"]);
  const shape = toJson(M, shapeOf(M, message));
  expect(JSON.stringify(shape)).not.toMatch(/ada|bob|47|YWRh|2020/);
  expect(shape).toMatchObject({
    ...{ s: "s-1", l: "1", es: "", z: 0, rs: ["rs-1", "rs-2", "rs-1", ""], x: "x-1", w: "0", rw: ["value-1", ""] },
    ...{ rm: [{ s: "s-1" }, { y: { s: "s-1" } }], mm: { "key-1": { l: "1" }, "key-2": {} }, st: {} },
  });
  expect(Object.keys(shape as object)).toEqual(expect.arrayContaining(["d", "b", "mb", "t"]));
});

// The writer of ProtoJSON reads contents of Anys and extensions as our reader reads messages; the outcomes are those of
// protobuf's packages for Go and Python.
import { create, createFileRegistry, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { AnySchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { answerWriter } from "../../../runtime/src/endpoint/leave-out.ts";
import { readJson, readJsonExactly } from "../../../runtime/src/json/read-json.ts";
import { jsonWriter } from "../../../runtime/src/json/write-json.ts";
import { readMessage } from "../../../runtime/src/wire/reader.ts";
import { build } from "../../support/protos.ts";

const PROTO = `syntax = "proto2";
package ext.v1;
import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto";
message Open {
  optional int32 n = 1;
  optional string text = 14;
  repeated google.protobuf.Any many = 3;
  optional google.protobuf.Timestamp at = 4;
  optional Open inner = 5;
  extensions 100 to 199;
}
message Set { option message_set_wire_format = true; extensions 4 to max; }
message Holder { optional string name = 1; optional Set set = 2; repeated Set sets = 3; }
extend Set { optional Open inside = 1000; }
extend Open {
  optional int32 number = 100;
  optional Open open = 101;
  repeated google.protobuf.Any anys = 102;
  repeated int32 numbers = 103;
}
`;
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, { file: [...build({ "ext/v1/ext.proto": PROTO })] }),
);
const OPEN = registry.getMessage("ext.v1.Open") as DescMessage;
const ANY = registry.getMessage(AnySchema.typeName) as DescMessage;

const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits.replaceAll(" ", ""), "hex"));
const any = (typeUrl: string, value: Uint8Array): Uint8Array =>
  toBinary(AnySchema, create(AnySchema, { typeUrl, value }));
const open = (digits: string): Uint8Array => any("a/ext.v1.Open", hex(digits));
const inAny = (of: Uint8Array): Uint8Array => any("a/google.protobuf.Any", of);
const UNTYPED = any("", hex("0801"));
const untyped = Buffer.from(UNTYPED).toString("hex");
const OF = { "@type": "a/ext.v1.Open" };

/** The content of the forged fields would be `text: "a"` and others. */
test.each<[title: string, any: Uint8Array, json: unknown]>([
  ["empty", any("", hex("")), {}],
  ["with a value and no type", UNTYPED, undefined],
  ["of a type without a name", any("a/", hex("")), undefined],
  ["of a type without a host", any("ext.v1.Open", hex("0801")), { "@type": "ext.v1.Open", n: 1 }],
  ["with one that is empty", inAny(hex("")), { "@type": "a/google.protobuf.Any", value: {} }],
  ["with one without a type", inAny(UNTYPED), undefined],
  ["with one in one without a type", inAny(inAny(UNTYPED)), undefined],
  ["with one in a list", open(`1a04 ${untyped}`), undefined],
  ["with an extension that holds one", open(`b20604 ${untyped}`), undefined],
  ["with broken content", open("08"), undefined],
  ["with content beyond its end", open("2a05"), undefined],
  ["with a field in another wire type", open("0a03 720161 08 02"), { ...OF, n: 2 }],
  ["with a field of a Timestamp in another wire type", open("2205 0a03100105"), { ...OF, at: "1970-01-01T00:00:00Z" }],
  ["with such a field in a message", open("2a05 0a03 720161"), { ...OF, inner: {} }],
  ["with an extension", open("a00607"), { ...OF, "[ext.v1.number]": 7 }],
  ["with an extension in another wire type", open("a20603 720161"), OF],
  ["with an extension in both", open("a00607 a20603 720161"), { ...OF, "[ext.v1.number]": 7 }],
  ["with a packed extension", open("ba0602 0102"), { ...OF, "[ext.v1.numbers]": [1, 2] }],
  ["with an extension of such fields", open("aa0605 0a03 720161"), { ...OF, "[ext.v1.open]": {} }],
])("an Any %s", (_, bytes, json) => {
  const write = () => JSON.parse(jsonWriter(ANY, registry)(readMessage(ANY, bytes)));
  if (json === undefined) expect(write).toThrow();
  else expect(write()).toEqual(json);
});

test("extensions that JSON cannot represent are left out and named", () => {
  const headers: string[] = [];
  const write = answerWriter(OPEN, registry);
  const text = write(readMessage(OPEN, hex(`0801 a00607 aa0602 2a05 b20604 ${untyped}`)), ({ header }) => {
    headers.push(header);
  });
  expect(JSON.parse(text)).toEqual({ n: 1, "[ext.v1.number]": 7 });
  expect(headers).toEqual(["[ext.v1.open],[ext.v1.anys]"]);
});

test("a MessageSet with items is left out", () => {
  const desc = registry.getMessage("ext.v1.Holder") as DescMessage;
  const headers: string[] = [];
  const write = (digits: string): string =>
    answerWriter(desc, registry)(readMessage(desc, hex(digits)), ({ header }) => headers.push(header));
  const item = "0b 10e807 1a020801 0c";
  expect(write("0a016e 1200 1a00")).toBe('{"name":"n","set":{},"sets":[{}]}');
  expect(headers).toEqual([]);
  expect(write(`0a016e 1209 ${item} 1a00 1a09 ${item}`)).toBe('{"name":"n","sets":[{}]}');
  expect(headers).toEqual(["set,sets"]);
});

test.each([readJson, readJsonExactly])("items of a MessageSet in JSON are refused, as Go's package does", (read) => {
  const desc = registry.getMessage("ext.v1.Holder") as DescMessage;
  const bytesOf = (text: string): string =>
    Buffer.from(toBinary(desc, read(desc, text, { registry, ignoreUnknownFields: true }))).toString("hex");
  expect(bytesOf('{"set":{},"sets":[{"unknown":1}]}')).toBe("12001a00");
  const expected = "expected no extension: a MessageSet has no items in JSON";
  expect(() => bytesOf('{"set":{"[ext.v1.inside]":{"n":1}}}')).toThrow(`set: ${expected}`);
  expect(() => bytesOf('{"sets":[{},{"[ext.v1.inside]":{"n":1}}]}')).toThrow(`sets[1]: ${expected}`);
});

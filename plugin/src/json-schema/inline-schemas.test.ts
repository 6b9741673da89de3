import { type DescField, type DescMessage, toJson } from "@bufbuild/protobuf";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { numbers, randomMessage } from "../../../test/support/random-message.ts";
import { requestFor, schemaOf } from "../../../test/support/request.ts";
import { InlineSchemas, isJsonObject } from "./inline-schemas.ts";
import { leftOut } from "./left-out.ts";

const levels = Array.from(
  { length: 12 },
  (_, i) => `message L${i} { L${i + 1} a = 1; L${i + 1} b = 2; L${i + 1} c = 3; }`,
);
const PROTO = `syntax = "proto3"; package a.v1;
import "google/protobuf/any.proto"; import "google/protobuf/empty.proto"; import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
message Request {
  string name = 1; Filter filter = 2; Tree tree = 3; Kind kind = 4; repeated Filter filters = 5;
  map<string, Filter> by_name = 6; google.protobuf.Empty nothing = 7; google.protobuf.Struct any = 8;
  google.protobuf.StringValue text = 9; google.protobuf.Timestamp at = 10; double ratio = 11;
  oneof choice { string a = 12; string b = 13; }
  google.protobuf.NullValue none = 14;
}
message Filter { string owner_id = 1; int64 most = 2; Inner inner = 3; }
message Inner { bool x = 1; }
message Tree { string name = 1; repeated Tree trees = 2; Filter filter = 3; }
enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; }
${levels.join("\n")}
message L12 { string x = 1; }
message Any { google.protobuf.Any any = 1; google.protobuf.Value value = 2; }
`;

const { registry } = schemaOf(requestFor({ "a/v1/a.proto": PROTO }));
const desc = (name: string): DescMessage => {
  const found = registry.getMessage(name);
  if (found === undefined) throw new Error(name);
  return found;
};
const SOURCES = {
  pageSize: () => undefined,
  rules: () => undefined,
  isAnswered: () => true,
  degrades: () => [],
};
const path = (names: string, of = desc("a.v1.Request")): readonly DescField[] => {
  const fields: DescField[] = [];
  for (const name of names.split(".")) {
    const field = (fields.at(-1)?.message ?? of).fields.find((candidate) => candidate.name === name);
    if (field !== undefined) fields.push(field);
  }
  return fields;
};
const hidden = (...all: readonly string[]) =>
  leftOut(all.map((name) => ({ path: path(name.replace(/!$/, "")), isSet: name.endsWith("!") })));
const input = (without = hidden()) => new InlineSchemas(SOURCES, true).root(desc("a.v1.Request"), without);
const output = (name = "a.v1.Request") => new InlineSchemas(SOURCES, false).root(desc(name));
const compile = (schema: object) => new Ajv2020({ strict: true, formats: { "date-time": true } }).compile(schema);

test("types are written where they are used, and only recursive ones in $defs", () => {
  const schema = input();
  expect(Object.keys(schema.$defs as object)).toEqual(["a.v1.Tree"]);
  expect(JSON.stringify(schema).match(/"\$ref":"[^"]*"/g)).toEqual(Array(2).fill('"$ref":"#/$defs/a.v1.Tree"'));
});

test("requests are closed at any depth, and answers are open", () => {
  const accepts = compile(input());
  for (const value of [
    {},
    { name: "a", filter: { ownerId: "b", most: "1", inner: {} }, nothing: {}, any: { x: [1] }, kind: "KIND_A" },
    { tree: { trees: [{ trees: [{ name: "a" }] }] }, text: null, byName: { a: {} }, none: null, ratio: "NaN" },
  ])
    expect(accepts(value), JSON.stringify(value)).toBe(true);
  for (const value of [
    { x: 1 },
    { owner_id: "a" },
    { filter: { x: 1 } },
    { filters: [{ inner: { y: 1 } }] },
    { byName: { a: { x: 1 } } },
    { tree: { trees: [{ x: 1 }] } },
    { nothing: { x: 1 } },
    { kind: 7 },
    { filter: { most: 1 } },
  ])
    expect(accepts(value), JSON.stringify(value)).toBe(false);
  expect(compile(output())({ x: 1, kind: 7, filter: { x: 1 }, nothing: { x: 1 } })).toBe(true);
});

test("hidden fields are left out where they are hidden, and nowhere else", () => {
  const schema = input(hidden("name", "filter.owner_id", "tree.filter.inner.x", "a"));
  const accepts = compile(schema);
  expect(Object.keys(schema.properties as object)).not.toContain("name");
  for (const value of [
    { filter: { most: "1" }, filters: [{ ownerId: "a" }], b: "x" },
    { tree: { filter: { inner: {} }, trees: [{ filter: { inner: { x: true } } }] } },
  ])
    expect(accepts(value), JSON.stringify(value)).toBe(true);
  for (const value of [
    { name: "a" },
    { filter: { ownerId: "a" } },
    { tree: { filter: { inner: { x: true } } } },
    { a: "x" },
  ])
    expect(accepts(value), JSON.stringify(value)).toBe(false);
  expect(JSON.stringify(schema)).not.toContain("At most one of");
});

test("a message in which the server sets a field is required only if another of its fields is", () => {
  const needs = (name: string) => ({
    ...SOURCES,
    isAnswered: () => false,
    rules: (of: DescMessage) => ({
      desc: of,
      cel: [],
      groups: [],
      oneofs: [],
      fields: of.fields
        .filter((field) => `${of.name}.${field.name}` === name || field.name === "filter")
        .map((field) => ({ field, required: true, value: undefined })),
    }),
  });
  const required = (name: string, ...all: readonly string[]) =>
    new InlineSchemas(needs(name), true).root(desc("a.v1.Request"), hidden(...all)).required;
  expect(required("Filter.owner_id")).toEqual(["filter"]);
  expect(required("Filter.owner_id", "filter.owner_id!")).toBeUndefined();
  expect(required("Filter.most", "filter.owner_id!")).toEqual(["filter"]);
  expect(required("Filter.most", "filter.owner_id")).toEqual(["filter"]);
});

test("messages that would be repeated ten thousand times are written once", () => {
  const schema = output("a.v1.L0");
  expect(Object.keys(schema.$defs as object)).toHaveLength(12);
  expect(JSON.stringify(schema).length).toBeLessThan(5_000);
  expect(compile(schema)({ a: { b: { c: {} } } })).toBe(true);
});

test("the JSON of any answer fits its schema", () => {
  const random = numbers(1);
  const accepts = compile(output());
  for (let i = 0; i < 300; i++) {
    const message = randomMessage(desc("a.v1.Request"), random);
    const json = toJson(desc("a.v1.Request"), message, { registry });
    expect(accepts(json), JSON.stringify(json)).toBe(true);
  }
});

test("a message is an object in JSON, unless ProtoJSON gives it another form", () => {
  const objects = ["a.v1.Request", "google.protobuf.Struct", "google.protobuf.Any", "google.protobuf.Empty"];
  expect(objects.filter((name) => !isJsonObject(desc(name)))).toEqual([]);
  const others = ["Timestamp", "Value", "ListValue", "StringValue"].map((name) => `google.protobuf.${name}`);
  expect(others.filter((name) => isJsonObject(desc(name)))).toEqual([]);
});

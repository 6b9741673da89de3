import {
  create,
  createFileRegistry,
  type DescMethodUnary,
  fromJson,
  type JsonObject,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import {
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { Upstream } from "@protobff/runtime/internal/testing/gen/test_pb";
import { expect, test } from "vitest";
import { type BatchFields, forEachKey } from "./for-each-key.ts";

/** A method whose keys are messages: `Ref { id, name: Name }`, of items `Item { key, name: Name, rank, text }`. */
function method(): DescMethodUnary {
  const item = (name: string, number: number, type: Type, typeName?: string) => ({
    name,
    jsonName: name,
    number,
    type,
    label: Label.OPTIONAL,
    ...(typeName !== undefined && { typeName }),
  });
  const list = (name: string, typeName: string) => ({
    ...item(name, 1, Type.MESSAGE, typeName),
    label: Label.REPEATED,
  });
  const messageType = [
    { name: "Name", field: [item("owner", 1, Type.STRING), item("part", 2, Type.STRING)] },
    { name: "Ref", field: [item("id", 1, Type.INT32), item("name", 2, Type.MESSAGE, ".Name")] },
    {
      name: "Item",
      field: [item("key", 1, Type.INT64), item("name", 2, Type.MESSAGE, ".Name"), item("rank", 3, Type.INT32)],
    },
    { name: "Req", field: [list("refs", ".Ref")] },
    { name: "Res", field: [list("items", ".Item")] },
  ];
  const service = [{ name: "S", method: [{ name: "Get", inputType: ".Req", outputType: ".Res" }] }];
  const file = { name: "refs.proto", syntax: "proto3", messageType, service };
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  return registry.getService("S")?.methods[0] as DescMethodUnary;
}
function answered(of: DescMethodUnary, fields: BatchFields, request: JsonObject): unknown {
  const handler = forEachKey(of, fields) as (request: Message) => Message;
  return toJson(of.output, handler(fromJson(of.input, request)));
}

test("a text key identifies an item, in a list and in a map", () => {
  const list = answered(Upstream.method.batchGet, { keys: "ids", items: "things", key: ["id"] }, { ids: ["a", "b"] });
  expect(list).toEqual({ things: ["a", "b"].map((id) => ({ id, count: "1", tags: ["tags-1"] })) });
  const map = answered(Upstream.method.batchGet, { keys: "ids", items: "byId" }, { ids: ["a"] });
  expect(map).toMatchObject({ byId: { a: { id: "id-1" } } });
});
test("an item contains its request: in fields of the same names, or in its key", () => {
  const name = { owner: "o", part: "p" };
  const same = answered(method(), { keys: "refs", items: "items", key: ["name"] }, { refs: [{ name }] });
  expect(same).toEqual({ items: [{ key: "1", name, rank: 1 }] });
  // a number of another size
  const only = answered(method(), { keys: "refs", items: "items", key: ["key"] }, { refs: [{ id: 7 }] });
  expect(only).toMatchObject({ items: [{ key: "7" }] });
  const unknown = answered(method(), { keys: "refs", items: "items", key: ["nothing"] }, { refs: [{ id: 7 }] });
  expect(unknown).toMatchObject({ items: [{ key: "1" }] });
  const computed = answered(method(), { keys: "refs", items: "items" }, { refs: [{ name }] });
  expect(computed).toMatchObject({ items: [{ name }] });
});
test("no item is created without a key", () => {
  expect(answered(method(), { keys: "refs", items: "items" }, {})).toEqual({});
});

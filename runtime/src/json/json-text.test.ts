import { create, fromJsonString, toJson } from "@bufbuild/protobuf";
import {
  AnySchema,
  DoubleValueSchema,
  FieldMaskSchema,
  FileOptionsSchema,
  FloatValueSchema,
  StructSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { exactText, jsonText } from "./json-text.ts";

test("-0 stays -0 in every position", () => {
  const text = exactText({ 'a"': [-0, 0, [-0]], b: { c: -0, d: null }, e: "-0" });
  expect(text).toBe('{"a\\"":[-0,0,[-0]],"b":{"c":-0,"d":null},"e":"-0"}');
});
test("all other values are equal to JSON.stringify", () => {
  for (const json of [null, 0, "é\u2028", [], {}, { a: [1e21, true, { "\\": "" }] }])
    expect(exactText(json)).toBe(JSON.stringify(json));
});
test.each([FloatValueSchema, DoubleValueSchema])("$typeName of -0 is read back unchanged", (schema) => {
  const message = create(schema, { value: -0 });
  expect(fromJsonString(schema, exactText(toJson(schema, message)))).toEqual(message);
});
test("a google.protobuf.Value of -0 is read back unchanged", () => {
  const message = create(ValueSchema, { kind: { case: "numberValue", value: -0 } });
  expect(fromJsonString(ValueSchema, exactText(toJson(ValueSchema, message)))).toEqual(message);
});

test("types without floats are written by JSON.stringify, and contents of unknown types are searched", () => {
  expect(jsonText(FieldMaskSchema)).toBe(JSON.stringify);
  for (const schema of [DoubleValueSchema, StructSchema, AnySchema, FileOptionsSchema])
    expect([schema.typeName, jsonText(schema)]).toEqual([schema.typeName, exactText]);
});

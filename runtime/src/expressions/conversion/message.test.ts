import { create, createRegistry } from "@bufbuild/protobuf";
import {
  AnySchema,
  anyPack,
  DurationSchema,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FieldMaskSchema,
  type Struct,
  StructSchema,
  UInt32ValueSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { hasField, select } from "../collections/collection.ts";
import { ExpressionError } from "../value/error.ts";
import { uint } from "../value/value.ts";
import { toDuration, toTimestamp } from "./conversion.ts";
import { equal } from "./equal.ts";
import { fromJsonValue, fromStruct, toJsonObject, toJsonValue, toListValue, toStruct, toValue } from "./json.ts";
import { anyUnlessNull, fromAny, toAny } from "./message.ts";

const types = createRegistry(FieldDescriptorProtoSchema, DurationSchema, StructSchema, UInt32ValueSchema);

describe("an Any", () => {
  it.each<[string, unknown]>([
    ["an int", 5n],
    ["a uint", uint(5)],
    ["a double", 1.5],
    ["a text", "a"],
    ["a bool", true],
    ["bytes", Uint8Array.of(1)],
  ])("an Any contains %s", (_, value) => {
    const all = { getMessage: (name: string) => types.getMessage(name) ?? known(name) };
    expect(fromAny(toAny(value, all), all)).toEqual(value);
  });

  it("an Any contains known messages only", () => {
    expect(fromAny(toAny(toDuration("1s"), types), types)).toEqual(toDuration("1s"));
    expect(() => toAny(toTimestamp("2020-01-01T00:00:00Z"), types)).toThrow(ExpressionError);
    expect(() => fromAny(create(AnySchema, { typeUrl: "x/acme.Unknown" }), types)).toThrow(ExpressionError);
    expect(() => fromAny(create(AnySchema), types)).toThrow(ExpressionError);
  });

  it("an Any may be unset, and fails if malformed", () => {
    expect(fromAny(undefined, types)).toBeNull();
    expect(anyUnlessNull(null, types)).toBeUndefined();
    expect(fromAny(toAny(null, registry), { getMessage: known })).toBeNull();
    const malformed = create(AnySchema, { typeUrl: "x/google.protobuf.Duration", value: Uint8Array.of(255) });
    expect(() => fromAny(malformed, types)).toThrow(ExpressionError);
  });

  it("an Any equals another with the same content", () => {
    const item = anyPack(UInt32ValueSchema, create(UInt32ValueSchema, { value: 5 }));
    const same = create(AnySchema, { ...item, typeUrl: `other.host/${UInt32ValueSchema.typeName}` });
    expect(equal(item, same, types)).toBe(true);
    expect(equal(item, same)).toBe(false);
    const odd = create(AnySchema, { typeUrl: "x/acme.Unknown", value: Uint8Array.of(1) });
    expect(equal(odd, create(AnySchema, odd), types)).toBe(true);
    expect(equal(odd, item, types)).toBe(false);
  });
});

function known(name: string) {
  const schemas = [StructSchema, UInt32ValueSchema, ValueSchema];
  return schemas.find((schema) => schema.typeName === name) ?? wrappers.getMessage(name);
}
const wrappers = createRegistry((await import("@bufbuild/protobuf/wkt")).file_google_protobuf_wrappers);

describe("a message as a dyn", () => {
  const field = create(FieldDescriptorProtoSchema, {
    name: "a",
    number: 5,
    type: FieldDescriptorProto_Type.BOOL,
    options: { deprecated: true, uninterpretedOption: [{ identifierValue: "x", positiveIntValue: 7n }] },
  });

  it("a message has its declared fields", () => {
    expect(select(field, "name", types)).toBe("a");
    expect(select(field, "number", types)).toBe(5n);
    expect(select(field, "type", types)).toBe(8n);
    const options = select(field, "options", types);
    const all = { getMessage: (name: string) => registry.getMessage(name) };
    expect(select(options, "deprecated", all)).toBe(true);
    const [option] = select(options, "uninterpreted_option", all) as [unknown];
    expect(select(option, "positive_int_value", all)).toEqual(uint(7));
    expect([hasField(field, "number", types), hasField(field, "json_name", types)]).toEqual([true, false]);
  });

  it("an undeclared field fails", () => {
    expect(() => select(field, "nope", types)).toThrow(ExpressionError);
    expect(() => hasField(field, "nope", types)).toThrow(ExpressionError);
    expect(() => select(field, "name")).toThrow(ExpressionError);
  });
});
const registry = createRegistry((await import("@bufbuild/protobuf/wkt")).file_google_protobuf_descriptor);

describe("JSON", () => {
  it.each<[string, unknown, unknown]>([
    ["an int", 5n, 5],
    ["a great int", 2n ** 53n, "9007199254740992"],
    ["a uint", uint(2n ** 64n - 1n), "18446744073709551615"],
    ["bytes", Uint8Array.of(255), "/w=="],
    ["a list", [1n, null, "a"], [1, null, "a"]],
    ["a map", new Map<unknown, unknown>([[1n, true]]), { "1": true }],
    ["a timestamp", toTimestamp("2020-01-01T00:00:00Z"), "2020-01-01T00:00:00Z"],
    ["a duration", toDuration("90m"), "5400s"],
    ["a field mask", create(FieldMaskSchema, { paths: ["a_b", "c"] }), "aB,c"],
  ])("%s", (_, value, expected) => {
    expect(toJsonValue(value)).toEqual(expected);
    expect(fromJsonValue(toValue(value))).toEqual(expected);
  });

  it("JSON converts to and from its messages", () => {
    expect(fromStruct(toStruct(new Map<string, unknown>([["a", { b: [1.5] }]])) as Struct)).toEqual({
      a: { b: [1.5] },
    });
    expect(toListValue([1n]).values).toHaveLength(1);
    expect(toJsonObject({ a: 1n })).toEqual({ a: 1 });
  });

  it("values without a JSON form fail", () => {
    expect(() => toJsonValue(create(FieldDescriptorProtoSchema))).toThrow(ExpressionError);
    expect(() => toJsonValue(undefined)).toThrow(ExpressionError);
    expect(() => toJsonObject(5)).toThrow(ExpressionError);
  });
});

import { create } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Label, FieldDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { ExpressionError } from "./error.ts";
import {
  ifFieldSet,
  oneofValue,
  optionalNone,
  optionalOf,
  optionalOr,
  optionalValue,
  required,
  unlessNull,
  unlessUnset,
} from "./optional.ts";

it("boxes a value or none", () => {
  expect(optionalValue(optionalOf(0))).toBe(0);
  expect(() => optionalValue(optionalNone())).toThrow(ExpressionError);
  expect(optionalOr<number>(optionalNone(), optionalOf(2)).inner).toBe(2);
  expect(optionalOr(optionalOf(1), optionalOf(2)).inner).toBe(1);
});

it("asks for a value", () => {
  expect(required(0)).toBe(0);
  expect(() => required(null)).toThrow(ExpressionError);
  expect(() => required(undefined)).toThrow(ExpressionError);
});

it("converts what is there", () => {
  expect([unlessNull(1, String), unlessNull<number, string>(null, String)]).toEqual(["1", null]);
  expect([unlessUnset(1, String), unlessUnset<number, string>(undefined, String)]).toEqual(["1", undefined]);
});

it("reads the member of a oneof that is set", () => {
  type Kind = { case: "a"; value: number } | { case: "b"; value: string } | { case: undefined; value?: undefined };
  const kind = { case: "a", value: 1 } as Kind;
  expect([oneofValue(kind, "a"), oneofValue(kind, "b"), oneofValue<Kind, "a">(undefined, "a")]).toEqual([
    1,
    undefined,
    undefined,
  ]);
});

it("tells a default from a value", () => {
  const field = FieldDescriptorProtoSchema.field.label;
  const set = create(FieldDescriptorProtoSchema, { label: FieldDescriptorProto_Label.OPTIONAL });
  expect(ifFieldSet(set, field, "label")).toBe(FieldDescriptorProto_Label.OPTIONAL);
  expect(ifFieldSet(create(FieldDescriptorProtoSchema), field, "label")).toBeUndefined();
  expect(ifFieldSet<typeof set, "label">(undefined, field, "label")).toBeUndefined();
});

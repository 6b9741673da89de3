import { create, createRegistry } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Label, FieldDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { ExpressionError } from "./error.ts";
import {
  ifFieldSet,
  memberOf,
  nonZero,
  oneofValue,
  optionalElement,
  optionalEntry,
  optionalNone,
  optionalOf,
  optionalValue,
  orElse,
  orNull,
  required,
  unlessNull,
  unlessUnset,
  unwrapped,
} from "./optional.ts";
import { uint } from "./value.ts";

it("an optional holds a value or none", () => {
  expect(optionalValue(optionalOf(0).inner)).toBe(0);
  expect(() => optionalValue(optionalNone().inner)).toThrow(ExpressionError);
  expect(orElse(null, () => 2)).toBeNull();
  expect(orElse(undefined, () => 2)).toBe(2);
  expect([orNull(1), orNull(undefined)]).toEqual([1, null]);
});

it("present values are added to lists, maps and oneofs", () => {
  expect([optionalElement(0), optionalElement(undefined)]).toEqual([[0], []]);
  expect([optionalEntry("a", 0), optionalEntry("a", undefined)]).toEqual([[["a", 0]], []]);
  expect(unwrapped([optionalOf(1), optionalOf<number>(undefined)])).toEqual([1]);
  expect([memberOf("a", 0), memberOf("a", null)]).toEqual([{ case: "a", value: 0 }, { case: undefined }]);
});

it("zero values become absent", () => {
  const empty = create(FieldDescriptorProtoSchema);
  const types = createRegistry(FieldDescriptorProtoSchema);
  const zeros = [0, 0n, "", false, null, [], {}, new Map(), Uint8Array.of(), uint(0), optionalOf(undefined), empty];
  expect(zeros.map((zero) => nonZero(zero, types))).toEqual(zeros.map(() => undefined));
  const values = [1, 1n, "a", true, Number.NaN, [0], { a: 0 }, uint(1)];
  expect(values.map((value) => nonZero(value, types)).filter((value) => value === undefined)).toHaveLength(0);
});

it("required fails without a value", () => {
  expect(required(0)).toBe(0);
  expect(() => required(null)).toThrow(ExpressionError);
  expect(() => required(undefined)).toThrow(ExpressionError);
});

it("present values are converted", () => {
  expect([unlessNull(1, String), unlessNull<number, string>(null, String)]).toEqual(["1", null]);
  expect([unlessUnset(1, String), unlessUnset<number, string>(undefined, String)]).toEqual(["1", undefined]);
});

it("the set member of a oneof is returned", () => {
  type Kind = { case: "a"; value: number } | { case: "b"; value: string } | { case: undefined; value?: undefined };
  const kind = { case: "a", value: 1 } as Kind;
  expect([oneofValue(kind, "a"), oneofValue(kind, "b"), oneofValue<Kind, "a">(undefined, "a")]).toEqual([
    1,
    undefined,
    undefined,
  ]);
});

it("a set default differs from an unset field", () => {
  const field = FieldDescriptorProtoSchema.field.label;
  const set = create(FieldDescriptorProtoSchema, { label: FieldDescriptorProto_Label.OPTIONAL });
  expect(ifFieldSet(set, field, "label")).toBe(FieldDescriptorProto_Label.OPTIONAL);
  expect(ifFieldSet(create(FieldDescriptorProtoSchema), field, "label")).toBeUndefined();
  expect(ifFieldSet<typeof set, "label">(undefined, field, "label")).toBeUndefined();
});

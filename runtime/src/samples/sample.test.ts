import { create, createFileRegistry, type DescMessage, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import {
  FeatureSetSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  UninterpretedOption_NamePartSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { PageSchema } from "../testing/gen/test_pb.ts";
import { completed, sample } from "./sample.ts";

test("a sample has a value in every field, and is deterministic", () => {
  expect(toJson(PageSchema, sample(PageSchema))).toEqual({
    title: "title-1",
    spentCents: "1",
    facts: ["facts-1"],
    cards: [{ id: "id-1", ownerName: "owner_name-1" }],
    byName: { "key-1": { id: "id-1", ownerName: "owner_name-1" } },
    main: { id: "id-1", ownerName: "owner_name-1" },
    card: { id: "id-1", ownerName: "owner_name-1" },
    degraded: [{ text: "text-1" }],
  });
  expect(sample(PageSchema)).toEqual(sample(PageSchema));
});
test("a recursive sample is finite and encodable", () => {
  const file = sample(FileDescriptorProtoSchema);
  expect(fromBinary(FileDescriptorProtoSchema, toBinary(FileDescriptorProtoSchema, file))).toEqual(file);
  expect(file.messageType[0]?.nestedType).toEqual([]);
  expect(sample(FeatureSetSchema).fieldPresence).toBe(1);
});
test("required fields are set", () => {
  const part = create(UninterpretedOption_NamePartSchema, { namePart: "mine" });
  expect(() => toBinary(UninterpretedOption_NamePartSchema, part)).toThrow("required");
  const whole = completed(UninterpretedOption_NamePartSchema, part);
  expect(toJson(UninterpretedOption_NamePartSchema, whole)).toEqual({ namePart: "mine", isExtension: true });
  const file = create(FileDescriptorProtoSchema, { options: { uninterpretedOption: [{ name: [{ namePart: "a" }] }] } });
  toBinary(FileDescriptorProtoSchema, completed(FileDescriptorProtoSchema, file));
});

/** Messages M0, M1, … of which each has four of the next; the last has those of the first. */
function woven(depth: number, label: Label): DescMessage {
  const fieldsOf = (i: number) =>
    [1, 2, 3, 4].map((number) => {
      const typeName = `.M${(i + 1) % depth}`;
      return { name: `f${number}`, number, label, type: Type.MESSAGE, typeName };
    });
  const messageType = Array.from({ length: depth }, (_, i) => ({ name: `M${i}`, field: fieldsOf(i) }));
  const file = { name: "woven.proto", syntax: "proto2", messageType };
  const found = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getMessage("M0");
  if (found === undefined) throw new Error("no M0");
  return found;
}
test("a sample has at most 500 messages, nested at most 8 deep", () => {
  const wide = toBinary(woven(12, Label.OPTIONAL), sample(woven(12, Label.OPTIONAL)));
  expect(wide.length).toBeLessThan(500 * 8);
  const deep = woven(30, Label.REPEATED);
  let depth = 0;
  let item: unknown = sample(deep);
  for (; item !== undefined; depth++) item = (item as { readonly f1: readonly unknown[] }).f1[0];
  expect(depth).toBe(8);
});
test("a message that requires itself is finite, and fails to encode", () => {
  const endless = woven(3, Label.REQUIRED);
  const found = sample(endless);
  expect(() => toBinary(endless, found)).toThrow("required");
});

import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import {
  FeatureSetSchema,
  FileDescriptorProtoSchema,
  UninterpretedOption_NamePartSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { PageSchema } from "../testing/gen/test_pb.ts";
import { completed, sample } from "./sample.ts";

test("a sample has a value in every field, and is always the same", () => {
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
test("what would be endless ends, and can be encoded", () => {
  const file = sample(FileDescriptorProtoSchema);
  expect(fromBinary(FileDescriptorProtoSchema, toBinary(FileDescriptorProtoSchema, file))).toEqual(file);
  expect(file.messageType[0]?.nestedType).toEqual([]);
  expect(sample(FeatureSetSchema).fieldPresence).toBe(1);
});
test("what is required is there", () => {
  const part = create(UninterpretedOption_NamePartSchema, { namePart: "mine" });
  expect(() => toBinary(UninterpretedOption_NamePartSchema, part)).toThrow("required");
  const whole = completed(UninterpretedOption_NamePartSchema, part);
  expect(toJson(UninterpretedOption_NamePartSchema, whole)).toEqual({ namePart: "mine", isExtension: true });
  const file = create(FileDescriptorProtoSchema, { options: { uninterpretedOption: [{ name: [{ namePart: "a" }] }] } });
  toBinary(FileDescriptorProtoSchema, completed(FileDescriptorProtoSchema, file));
});

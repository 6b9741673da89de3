import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { enumFrom, enumName, enumParse, enumText } from "./enum.ts";

const values = [
  { name: "KIND_NONE", number: 0 },
  { name: "KIND_BOOK", number: 1 },
  { name: "KIND_VOLUME", number: 1 },
  { name: "KIND_OLD", number: -1 },
];
const file = {
  name: "kind.proto",
  syntax: "proto3",
  enumType: [{ name: "Kind", options: { allowAlias: true }, value: values }],
};
const kind = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getEnum("Kind");
if (kind === undefined) throw new Error("no enum");

it("the first of several names is used, and digits for an undeclared number", () => {
  expect([0, 1, -1, 7, -7].map((value) => enumName(kind, value))).toEqual([
    "KIND_NONE",
    "KIND_BOOK",
    "KIND_OLD",
    "7",
    "-7",
  ]);
});

it("only declared numbers become values", () => {
  expect([0n, 1, -1n, 7, 2n ** 40n].map((value) => enumFrom(kind, value))).toEqual([0, 1, -1, undefined, undefined]);
});

it("all declared names become values, with exact spelling", () => {
  const names = ["KIND_BOOK", "KIND_VOLUME", "BOOK", "kind_book", "1", "toString", ""];
  expect(names.map((name) => enumParse(kind, name))).toEqual([1, 1, ...Array.from({ length: 5 }, () => undefined)]);
});

it("an undeclared value has an empty text", () => {
  expect([0, 1, 7].map((value) => enumText({ 0: "", 1: "Book" }, value))).toEqual(["", "Book", ""]);
});

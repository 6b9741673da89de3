// A header of paths costs no more than the paths that fit, however many it has: they are counted first, and the first
// unknown one ends the reading.
import { create, createFileRegistry, type DescMessage } from "@bufbuild/protobuf";
import { FieldMaskSchema, FileDescriptorSetSchema, file_google_protobuf_field_mask } from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../../runtime/src/failure.ts";
import { FieldTypes } from "../../../runtime/src/selection/field-types.ts";
import { Masks } from "../../../runtime/src/selection/masks.ts";

const field = (name: string, number: number, typeName?: string) => ({
  name,
  number,
  label: 1,
  type: typeName === undefined ? 9 : 11,
  ...(typeName !== undefined && { typeName }),
});
const file = {
  name: "m.proto",
  package: "m",
  syntax: "proto3",
  dependency: ["google/protobuf/field_mask.proto"],
  messageType: [
    { name: "Request", field: [field("fields", 1, ".google.protobuf.FieldMask")] },
    { name: "Answer", field: [field("title", 1), field("inner", 2, ".m.Answer")] },
  ],
};
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, { file: [file_google_protobuf_field_mask.proto, file] }),
);
const typeOf = (name: string): DescMessage => {
  const type = registry.getMessage(name);
  if (type === undefined) throw new Error(`no ${name}`);
  return type;
};

function joined(header: string) {
  const lookUp = vi.spyOn(FieldTypes.prototype, "field");
  onTestFinished(() => lookUp.mockRestore());
  const masks = new Masks(typeOf("m.Request"), typeOf("m.Answer"), { mask: "fields" });
  const args = create(typeOf("m.Request"));
  const failure = masks.join(args, header);
  const mask = (args as unknown as { fields?: { paths: string[] } }).fields;
  return { failure, paths: mask?.paths, lookUps: lookUp.mock.calls.length };
}

test("paths of a header are written in proto names", () => {
  expect(joined("title, inner.title")).toEqual({ failure: undefined, paths: ["title", "inner.title"], lookUps: 3 });
  expect(create(FieldMaskSchema).paths).toEqual([]);
});
test.each([
  ["200 paths fit", Array(200).fill("title").join(), undefined],
  ["201 do not", Array(201).fill("title").join(), "fields: at most 200 paths fit"],
  ["a header of commas ends at its first path", ",".repeat(60_000), 'fields: "" is no field of the answer'],
  ["a header of unknown paths, too", "x,".repeat(30_000), 'fields: "x" is no field of the answer'],
  ["a path of dots is not divided", ".".repeat(60_000), `fields: "${".".repeat(200)}" has more than 16 parts`],
])("%s", (_, header, text) => {
  const { failure, lookUps } = joined(header);
  expect(failure instanceof Failure ? failure.clientMessage : failure).toBe(text);
  expect(lookUps).toBeLessThanOrEqual(200);
});
test("a mask in the message is refused by the same texts", () => {
  const masks = new Masks(typeOf("m.Request"), typeOf("m.Answer"), { mask: "fields" });
  const chosen = (paths: string[]) => masks.chosen(create(typeOf("m.Request"), { fields: { paths } }));
  expect((chosen(["x"]) as Failure).clientMessage).toBe('fields: "x" is no field of the answer');
  expect((chosen(Array(201).fill("title")) as Failure).clientMessage).toBe("fields: 201 paths, and at most 200 fit");
});

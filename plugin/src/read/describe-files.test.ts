// Descriptors of a request share those of earlier requests.
import { create } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Type, type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { describeFiles } from "./read-request.ts";

/** A file with one message, which has a field for the message of each import. */
function fileOf(name: string, ...dependency: readonly string[]): FileDescriptorProto {
  const message = (file: string): string => file.replace(".proto", "").toUpperCase();
  const field = dependency.map((file, i) => ({
    name: `f${i}`,
    number: i + 1,
    type: FieldDescriptorProto_Type.MESSAGE,
    typeName: `.${message(file)}`,
  }));
  const messageType = [{ name: message(name), field }];
  return create(FileDescriptorProtoSchema, { name, syntax: "proto3", dependency: [...dependency], messageType });
}

const a = fileOf("a.proto");
const b = fileOf("b.proto");
const ofA = fileOf("c.proto", "a.proto");
const ofB = fileOf("d.proto", "b.proto");
const ofBoth = fileOf("e.proto", "c.proto", "d.proto");

test("equal files keep their descriptors", () => {
  const before = describeFiles([a, b, ofA, ofB, ofBoth]);
  expect(describeFiles([a, b, ofA, ofB, ofBoth]).every((file, i) => file === before[i])).toBe(true);
  expect(describeFiles([a, ofA]).map((file) => before.indexOf(file))).toEqual([0, 2]);
});

test("a changed file and the files that import it get other descriptors", () => {
  const before = describeFiles([a, b, ofA, ofB, ofBoth]);
  const changed = fileOf("b.proto");
  const after = describeFiles([a, changed, ofA, ofB, ofBoth]);
  expect(after.map((file, i) => file === before[i])).toEqual([true, false, true, false, false]);
  expect(after[1]?.proto).toBe(changed);
  const [, , c, d, e] = after;
  expect(e?.dependencies).toEqual([c, d]);
  expect(e?.messages[0]?.fields.map(({ message }) => message?.file)).toEqual([c, d]);
  expect(d?.messages[0]?.fields[0]?.message?.file).toBe(after[1]);
});

test("a changed file below 2^64 paths of imports is described", () => {
  const levels = Array.from({ length: 64 }, (_, i) => {
    const [left, right] = i === 0 ? ["a.proto", "a.proto"] : [`l${i - 1}.proto`, `r${i - 1}.proto`];
    const imports = i === 0 ? [left] : [left, right];
    return [fileOf(`l${i}.proto`, ...imports), fileOf(`r${i}.proto`, ...imports)];
  }).flat();
  describeFiles([a, ...levels]);
  const changed = fileOf("z.proto", "l63.proto", "r63.proto");
  expect(describeFiles([a, ...levels, changed]).map(({ proto }) => proto)).toEqual([a, ...levels, changed]);
});

test("names are checked in each file, and imports must be there", () => {
  describeFiles([a]);
  expect(() => describeFiles([a, fileOf("x-y.proto")])).toThrow('x-y.proto: invalid message name "X-Y"');
  expect(() => describeFiles([a, fileOf("f.proto", "gone.proto")])).toThrow("gone.proto");
});

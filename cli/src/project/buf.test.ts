import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { equals, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { buildImage, bytesOf } from "./buf.ts";

test("unchanged files keep their objects, and changed files equal those of a first build", () => {
  const cwd = mkdtempSync(join(tmpdir(), "protobff-buf-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const write = (name: string, body: string): void =>
    writeFileSync(join(cwd, `${name}.proto`), `syntax = "proto3";\npackage a;\n${body}\n`);
  writeFileSync(join(cwd, "buf.yaml"), "version: v2\n");
  write("one", "message One { int32 id = 1; }");
  write(
    "two",
    'import "one.proto";\nimport "google/protobuf/any.proto";\nmessage Two { One one = 1; google.protobuf.Any any = 2; }',
  );
  const before = buildImage({ cwd });
  write("one", "message One { int64 id = 1; }");
  const after = buildImage({ cwd, before });
  expect(after).toEqual(buildImage({ cwd }));
  const isSame = after.files.map((file) => [file.name, before.files.includes(file)]);
  expect(Object.fromEntries(isSame)).toEqual({
    "one.proto": false,
    "two.proto": true,
    "google/protobuf/any.proto": true,
  });
  expect(after.imports).toEqual(new Set(["google/protobuf/any.proto"]));
  for (const file of after.files) expect(Buffer.compare(bytesOf(file), bytesOf({ ...file }))).toBe(0);
});

test("source info is decoded when it is read", () => {
  const cwd = mkdtempSync(join(tmpdir(), "protobff-buf-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, "buf.yaml"), "version: v2\n");
  writeFileSync(join(cwd, "one.proto"), 'syntax = "proto3";\n// A comment.\nmessage One {}\n');
  const [file] = buildImage({ cwd }).files;
  if (file === undefined) throw new Error("buf built no file");
  const isRead = () => Object.getOwnPropertyDescriptor(file, "sourceCodeInfo")?.get === undefined;
  const whole = fromBinary(FileDescriptorProtoSchema, bytesOf(file));
  expect(isRead()).toBe(false);
  expect(equals(FileDescriptorProtoSchema, file, whole)).toBe(true);
  expect(isRead()).toBe(true);
  expect(file.sourceCodeInfo?.location.map(({ leadingComments }) => leadingComments)).toContain(" A comment.\n");
  expect(toBinary(FileDescriptorProtoSchema, file)).toEqual(toBinary(FileDescriptorProtoSchema, whole));
});

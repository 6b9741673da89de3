import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { digestOf } from "./digest.ts";

/** A service whose file imports a file of another package with one message. */
function serviceBeside(imported: string, message: string): DescService {
  const file = (name: string, fields: object) =>
    create(FileDescriptorProtoSchema, { name, syntax: "proto3", ...fields });
  const other = file("other.proto", { package: imported, messageType: [{ name: message }] });
  const app = file("app.proto", { package: "app.v1", dependency: ["other.proto"], service: [{ name: "App" }] });
  const found = createFileRegistry(app, (name) => (name === other.name ? other : undefined)).getService("app.v1.App");
  if (found === undefined) throw new Error("no service");
  return found;
}

test.each([
  ["bff.v1", true],
  ["buf.validate", true],
  ["google.api", true],
  ["up.v1", false],
])("a change in %s leaves the digest as it is: %s", (name, same) => {
  expect(digestOf([serviceBeside(name, "A")]) === digestOf([serviceBeside(name, "B")])).toBe(same);
});

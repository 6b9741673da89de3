import { create } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { withImporters, withPart } from "./project.ts";

const file = (name: string, ...dependency: string[]) => create(FileDescriptorProtoSchema, { name, dependency });
const image = {
  files: [file("up"), file("a", "up"), file("b", "a"), file("c", "b"), file("d", "up")],
  imports: new Set(["up"]),
};

test("importers of importers are in the part, imports are not", () => {
  expect([...withImporters(image, new Set(["a"]))]).toEqual(["a", "b", "c"]);
  expect([...withImporters(image, new Set(["up"]))]).toEqual([]);
});

test("files of the part replace those of the image, unless their order changes", () => {
  const partOf = (...dependency: string[]) => {
    const imports = dependency.map((name) => file(name));
    return { files: [...imports, file("b", ...dependency)], imports: new Set(dependency) };
  };
  const part = partOf("up", "a");
  const [up, a, , c, d] = image.files;
  expect(withPart(image, part)).toEqual({ files: [up, a, part.files[2], c, d], imports: image.imports });
  expect(withPart(image, partOf("d"))).toBeUndefined();
  expect(withPart(image, partOf("missing"))).toBeUndefined();
});
